"""Circuit breaker for Redis, for callers that must not wait.

A page calls Redis several times, and each call would wait while Redis hangs. So timeouts are short, and after one
failure no call leaves this process for some seconds; then one call probes. On `RedisAway` the caller goes on without
Redis.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final, TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, ReadOnlyError  # type: ignore[attr-defined]
from redis.retry import Retry

log = logging.getLogger(__name__)
Result = TypeVar("Result")
PAUSE_SECONDS: Final = 5.0
# Redis is stopped, hung or loading. Every other error of the driver is a bug and is raised unchanged.
AWAY: Final = (redis.ConnectionError, redis.TimeoutError)
# Redis answers at once but accepts no write: the circuit stays closed.
FULL: Final = (ReadOnlyError, OutOfMemoryError)


class RedisAway(Exception):
    """Raised when Redis does not answer, or the circuit is open: the caller goes on without Redis."""


class Breaker:
    """Calls pass until one fails; then none passes for `PAUSE_SECONDS`, and after that one at a time as a probe."""

    def __init__(self) -> None:
        # Number of outages so far. A value cached in process memory during one outage is not used in the next.
        self.outages = 0
        self._open_until = 0.0
        self._failed_at = 0.0
        self._lock = threading.Lock()

    def call(self, function: Callable[[], Result]) -> Result:
        """Return `function()`. Raises `RedisAway` for the driver's errors in `AWAY` and `FULL`, and while open."""
        if not self._may_try():
            raise RedisAway
        started = time.monotonic()
        try:
            result = function()
        except AWAY as error:
            self._failed(error)
            raise RedisAway from error
        except FULL as error:
            raise RedisAway from error
        self.succeeded(started)
        return result

    def succeeded(self, started: float) -> None:
        """Close the circuit: a call sent at `started` (time.monotonic()) was answered."""
        if not self._open_until:
            return
        with self._lock:
            if started < self._failed_at:
                return
            self._open_until = 0.0
        log.warning("redis answers again")

    def after_fork(self) -> None:
        """Replace the lock: one held by a thread that the forked child lacks would never be released."""
        self._lock = threading.Lock()

    def _may_try(self) -> bool:
        if not self._open_until:
            return True
        now = time.monotonic()
        with self._lock:
            if now < self._open_until:
                return False
            # Other calls stay refused while this one probes.
            if self._open_until:
                self._open_until = now + PAUSE_SECONDS
            return True

    def _failed(self, error: Exception) -> None:
        with self._lock:
            first, self._failed_at = not self._open_until, time.monotonic()
            self._open_until = self._failed_at + PAUSE_SECONDS
            self.outages += first
        if first:
            log.warning("redis does not answer, going on without: %s", type(error).__name__)


REDIS = Breaker()
os.register_at_fork(after_in_child=REDIS.after_fork)


def quick_options() -> dict[str, Any]:
    """Connection options that limit a call to `REDIS_QUICK_SECONDS`, without the driver's default retries."""
    seconds = settings.REDIS_QUICK_SECONDS
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": Retry(NoBackoff(), 0)}


@cache
def quick_client() -> Any:
    """A client for short commands that decodes replies to text; use it inside `REDIS.call`."""
    return redis.Redis.from_url(settings.REDIS_URL, decode_responses=True, **quick_options())


@cache
def quick_bytes_client() -> Any:
    """As `quick_client`, with replies as bytes, which rq requires."""
    return redis.Redis.from_url(settings.REDIS_URL, **quick_options())


def ping() -> None:
    """Ping Redis even while the circuit is open. Raises `redis.RedisError`."""
    started = time.monotonic()
    quick_client().ping()
    REDIS.succeeded(started)
