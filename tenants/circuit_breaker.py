"""Circuit breaker for outside servers: while one hangs, calls fail at once instead of waiting and piling up.

After `FAILURES` consecutive calls without an answer the circuit opens: no call leaves for `REST_SECONDS`. Then one
call probes while the others are still refused; its answer closes the circuit. (For Redis see tenants/breaker.py.)
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
    """Raised when a server that a request needs does not answer: nothing was done, and the response is a 503."""


class Breaker:
    """One circuit, shared by all threads of a process.

    `server`: its name in the log; `away`: the exceptions that mean no answer; `refusal`: makes the exception raised
    instead of a call while the circuit is open.
    """

    def __init__(
        self, server: str, away: type[Exception] | tuple[type[Exception], ...], refusal: Callable[[], Exception]
    ) -> None:
        self._server, self._away, self._refusal = server, away, refusal
        self._lock = threading.Lock()
        self._failures = 0
        self._open_until = 0.0
        self._is_probing = False

    @contextmanager
    def call(self) -> Iterator[bool]:
        """Run a call in the block; yields True for the probe. Raises the refusal instead while the circuit is open."""
        is_probe = self._begin()
        try:
            yield is_probe
        except self._away:
            self._finish(is_probe, answered=False)
            raise
        except BaseException:
            # Says nothing about the server: the next call probes.
            self._end_probe(is_probe)
            raise
        else:
            self._finish(is_probe, answered=True)

    def _begin(self) -> bool:
        with self._lock:
            if self._failures < FAILURES:
                return False
            if self._is_probing or time.monotonic() < self._open_until:
                raise self._refusal()
            self._is_probing = True
            return True

    def _finish(self, is_probe: bool, *, answered: bool) -> None:
        with self._lock:
            if is_probe:
                self._is_probing = False
            if answered:
                self._failures = 0
                return
            self._failures += 1
            if self._failures >= FAILURES:
                self._open_until = time.monotonic() + REST_SECONDS
        if self._failures == FAILURES:
            log.error("%s does not answer: not called for %s s", self._server, REST_SECONDS)

    def _end_probe(self, is_probe: bool) -> None:
        with self._lock:
            if is_probe:
                self._is_probing = False

    def forget(self) -> None:
        """Close the circuit and forget all failures (for tests)."""
        with self._lock:
            self._failures, self._open_until, self._is_probing = 0, 0.0, False
