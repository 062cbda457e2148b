"""A process stops calling a Stripe that hangs: people are told at once instead of waiting, and nothing piles up.

After `FAILURES` calls in a row without an answer, no call leaves for `REST_SECONDS`. Then one is let through, with
`PROBE_SECONDS` of patience, while the others are still refused: its answer opens the way again.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import stripe

log = logging.getLogger(__name__)
FAILURES: Final = 2
REST_SECONDS: Final = 10.0
PROBE_SECONDS: Final = 3.0


class Resting(stripe.APIConnectionError):
    """Raised instead of a call, while Stripe is not called."""

    def __init__(self) -> None:
        super().__init__("stripe did not answer a moment ago: not called", should_retry=False)  # type: ignore[no-untyped-call]


class Breaker:
    """For all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self._rests_until = 0.0
        self._probes = False

    @contextmanager
    def call(self) -> Iterator[bool]:
        """Make a call in the block; True where it is the one that tries. Raises `Resting` instead of running it."""
        probes = self._begin()
        try:
            yield probes
        except stripe.APIConnectionError:
            self._ended(probes, answered=False)
            raise
        except BaseException:
            # Not about the way to Stripe: the next one tries.
            self._give_up(probes)
            raise
        else:
            self._ended(probes, answered=True)

    def _begin(self) -> bool:
        with self._lock:
            if self._failures < FAILURES:
                return False
            if self._probes or time.monotonic() < self._rests_until:
                raise Resting
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
            log.error("stripe does not answer: not called for %s s", REST_SECONDS)

    def _give_up(self, probes: bool) -> None:
        with self._lock:
            if probes:
                self._probes = False

    def forget(self) -> None:
        """As if nothing had been called yet."""
        with self._lock:
            self._failures, self._rests_until, self._probes = 0, 0.0, False


breaker = Breaker()
