"""Redis for callers that may not wait: short time limits, and a pause for all once it has failed.

A page asks Redis several times, and with Redis hung each time would wait. So after one failure nobody in this process
asks for some seconds; then one caller tries. Whoever is told `RedisAway` goes on without Redis.
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
# Gone, silent or loading. Every other error of the driver is a mistake of ours and is raised as it is.
AWAY: Final = (redis.ConnectionError, redis.TimeoutError)
# It answers, and takes no write: that costs no time, so the next caller may ask as well.
FULL: Final = (ReadOnlyError, OutOfMemoryError)


class RedisAway(Exception):
    """Raised where Redis does not answer, or did not a moment ago: go on without."""


class Breaker:
    """Calls go through until one fails; then none does for `PAUSE_SECONDS`, and after that one at a time."""

    def __init__(self) -> None:
        # How many times Redis has gone: what was kept elsewhere during one time is not believed in the next.
        self.outages = 0
        self._closed_until = 0.0
        self._failed_at = 0.0
        self._lock = threading.Lock()

    def call(self, function: Callable[[], Result]) -> Result:
        """What `function` returns. Raises `RedisAway` instead of the driver's errors of `AWAY` and `FULL`."""
        if not self._may_try():
            raise RedisAway
        asked = time.monotonic()
        try:
            found = function()
        except AWAY as error:
            self._failed(error)
            raise RedisAway from error
        except FULL as error:
            raise RedisAway from error
        self.worked(asked)
        return found

    def worked(self, asked: float) -> None:
        """Redis has answered what it was asked at `asked` (time.monotonic()): everybody may ask again."""
        if not self._closed_until:
            return
        with self._lock:
            if asked < self._failed_at:
                return
            self._closed_until = 0.0
        log.warning("redis answers again")

    def after_fork(self) -> None:
        """A lock held by a thread that the child does not have would never be freed."""
        self._lock = threading.Lock()

    def _may_try(self) -> bool:
        if not self._closed_until:
            return True
        now = time.monotonic()
        with self._lock:
            if now < self._closed_until:
                return False
            # The others go on waiting while this one tries.
            if self._closed_until:
                self._closed_until = now + PAUSE_SECONDS
            return True

    def _failed(self, error: Exception) -> None:
        with self._lock:
            first, self._failed_at = not self._closed_until, time.monotonic()
            self._closed_until = self._failed_at + PAUSE_SECONDS
            self.outages += first
        if first:
            log.warning("redis does not answer, going on without: %s", type(error).__name__)


REDIS = Breaker()
os.register_at_fork(after_in_child=REDIS.after_fork)


def quick_options() -> dict[str, Any]:
    """Connection options under which a call lasts `REDIS_QUICK_SECONDS` at most; the driver's own tries are three."""
    seconds = settings.REDIS_QUICK_SECONDS
    return {"socket_timeout": seconds, "socket_connect_timeout": seconds, "retry": Retry(NoBackoff(), 0)}


@cache
def quick_client() -> Any:
    """A client for short commands, answers as text; to be used inside `REDIS.call`."""
    return redis.Redis.from_url(settings.REDIS_URL, decode_responses=True, **quick_options())


@cache
def quick_bytes_client() -> Any:
    """The same with answers as bytes, as the queue wants them."""
    return redis.Redis.from_url(settings.REDIS_URL, **quick_options())


def ping() -> None:
    """Ask Redis itself, whatever was found a moment ago. Raises `redis.RedisError`."""
    asked = time.monotonic()
    quick_client().ping()
    REDIS.worked(asked)
