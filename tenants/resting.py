"""A process stops calling a server that hangs: people are told at once instead of waiting, and nothing piles up.

After `FAILURES` calls in a row without an answer, no call leaves for `REST_SECONDS`. Then one is let through while the
others are still refused: its answer opens the way again. (Redis has its own: tenants/breaker.py.)
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

log = logging.getLogger(__name__)
FAILURES: Final = 2
REST_SECONDS: Final = 10.0


class Away(Exception):
    """Raised where a server that a request needs does not answer: nothing was done, and it ends in 503."""


class Breaker:
    """For all threads of a process. `server`: its name in the log; `away`: the errors that say that it did not answer;
    `refusal` makes what is raised instead of a call."""

    def __init__(
        self, server: str, away: type[Exception] | tuple[type[Exception], ...], refusal: Callable[[], Exception]
    ) -> None:
        self._server, self._away, self._refusal = server, away, refusal
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0
        self._probes = False

    @contextmanager
    def call(self) -> Iterator[bool]:
        """Make a call in the block; True where it is the one that tries. Raises the refusal instead of running it."""
        probes = self._begin()
        try:
            yield probes
        except self._away:
            self._ended(probes, answered=False)
            raise
        except BaseException:
            # Not about the way to the server: the next one tries.
            self._give_up(probes)
            raise
        else:
            self._ended(probes, answered=True)

    def _begin(self) -> bool:
        with self._lock:
            if self._failures < FAILURES:
                return False
            if self._probes or time.monotonic() < self._rests_until:
                raise self._refusal()
            self._probes = True
            return True

    def _ended(self, probes: bool, *, answered: bool) -> None:
        with self._lock:
            if probes:
                self._probes = False
            if answered:
                self._failures = 0
                return
            self._failures += 1
            if self._failures >= FAILURES:
                self._rests_until = time.monotonic() + REST_SECONDS
        if self._failures == FAILURES:
            log.error("%s does not answer: not called for %s s", self._server, REST_SECONDS)

    def _give_up(self, probes: bool) -> None:
        with self._lock:
            if probes:
                self._probes = False

    def forget(self) -> None:
        """As if nothing had been called yet."""
        with self._lock:
            self._failures, self._rests_until, self._probes = 0, 0.0, False
