"""Publish and subscribe between all processes (web, worker, scheduler, commands), to invalidate their caches.

`publish` reaches the functions given to `subscribe` in all processes, in milliseconds. A process listens from its
first call of `connected`; its cached values are valid only while that returns True. Redis keeps no message for a
process that does not listen, so all topics are invalidated when the connection is made or lost.
"""

import json
import logging
import os
import random
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any, Final

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from tenants.breaker import REDIS, RedisAway, quick_client

log = logging.getLogger(__name__)
EVERYTHING: Final = "*"
PING_SECONDS: Final = 0.25
# With a last answered ping older than this, cached values are not used.
TRUST_SECONDS: Final = 0.9
# A connection without answer for this long is closed: the network may have dropped it silently.
SILENCE_SECONDS: Final = 3.0
MAX_WAIT_SECONDS: Final = 2.0

_subscribers: list[tuple[str, Callable[[str], None]]] = []
_recovery_callbacks: list[Callable[[], None]] = []


def subscribe(topic: str, function: Callable[[str], None]) -> None:
    """Call `function(key)` for each message of a topic; the key is `EVERYTHING` when messages may have been missed.

    It runs in the listener's thread: it must be short and call neither the database nor Redis.
    """
    _subscribers.append((topic, function))


def on_recovery(function: Callable[[], None]) -> None:
    """Call `function()` when Redis answers again after an outage. It may call Redis through the breaker."""
    _recovery_callbacks.append(function)


def publish(topic: str, key: str = EVERYTHING) -> bool:
    """Send a message to every process. False if Redis is down: `EVERYTHING` is sent once it answers again."""
    try:
        _send(topic, key)
    except RedisAway:
        log.warning("change not yet published to other processes: topic=%s key=%s", topic, key)
        _process.has_unsent = True
        listen()
        return False
    return True


def connected() -> bool:
    """True while every message older than `TRUST_SECONDS` has reached this process. Starts the listener."""
    listener = _process.listener
    if listener is None:
        listen()
        return False
    return time.monotonic() - listener.last_heard < TRUST_SECONDS


def listen() -> None:
    """Start the listener of this process if it is not running."""
    with _process.lock:
        if _process.listener is None:
            listener = _Listener()
            try:
                listener.start()
            except RuntimeError:
                # The interpreter is shutting down: no thread can start.
                return
            _process.listener = listener


def forget_here() -> None:
    """Notify the subscribers of this process alone, with `EVERYTHING`."""
    _notify(EVERYTHING, EVERYTHING)


def _notify(topic: str, key: str) -> None:
    for subscribed, function in _subscribers:
        if topic in (subscribed, EVERYTHING):
            try:
                function(key)
            except Exception:
                log.exception("a subscriber failed: topic=%s", subscribed)


def _send(topic: str, key: str) -> None:
    REDIS.call(lambda: quick_client().publish(_channel(), json.dumps([topic, key])))


@cache
def _pool() -> redis.ConnectionPool:
    # RESP 2: messages and command replies arrive in order on one connection.
    return redis.ConnectionPool.from_url(
        settings.REDIS_URL,
        protocol=2,
        socket_timeout=1.0,
        socket_connect_timeout=1.0,
        health_check_interval=0,
        retry=Retry(NoBackoff(), 0),
    )


@cache
def _channel() -> str:
    """Channel name with the database number: unlike keys, channels are shared by all databases of a Redis server."""
    return f"ruche:{_pool().connection_kwargs.get('db') or 0}:changes"


class _Listener(threading.Thread):
    """Reads the channel and pings; reconnects for as long as the process lives."""

    def __init__(self) -> None:
        super().__init__(name="ruche-broadcast", daemon=True)
        # Send time (time.monotonic()) of the last answered ping: every message published before it has arrived.
        self.last_heard = float("-inf")
        self._was_lost = False
        self._attempts = 0

    def run(self) -> None:
        while True:
            try:
                self._read_channel()
            except (redis.RedisError, OSError) as error:
                log.info("broadcast: connection lost: %s", type(error).__name__)
            except Exception:
                log.exception("broadcast: the listener failed")
            self.last_heard = float("-inf")
            self._was_lost = True
            _notify(EVERYTHING, EVERYTHING)
            time.sleep(self._pause())

    def _pause(self) -> float:
        """Seconds until the next attempt: 0 at first, then exponential with jitter against simultaneous reconnects."""
        longest = min(MAX_WAIT_SECONDS, 0.05 * 2 ** min(self._attempts, 10)) if self._attempts else 0.0
        self._attempts += 1
        return random.uniform(longest / 2, longest)  # noqa: S311 - no secret

    def _read_channel(self) -> None:
        connection = _pool().make_connection()
        started = time.monotonic()
        try:
            connection.connect()
            connection.send_command("SUBSCRIBE", _channel())
            while True:
                connection.send_command("PING", repr(time.monotonic()))
                self._read_for(connection, PING_SECONDS)
                if time.monotonic() - max(self.last_heard, started) > SILENCE_SECONDS:
                    raise redis.TimeoutError("no sign of life")
        finally:
            connection.disconnect()

    def _read_for(self, connection: Any, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (remaining := until - time.monotonic()) > 0:
            if connection.can_read(timeout=remaining):
                self._handle(connection.read_response())

    def _handle(self, reply: list[Any]) -> None:
        kind, payload = reply[0], reply[-1]
        if kind == b"message":
            self._handle_message(payload)
        elif kind == b"subscribe":
            _notify(EVERYTHING, EVERYTHING)
        elif kind == b"pong":
            self.last_heard = float(payload)
            self._attempts = 0
            REDIS.succeeded(self.last_heard)
            if self._was_lost or _process.has_unsent:
                self._recover()

    def _handle_message(self, text: bytes) -> None:
        try:
            topic, key = json.loads(text)
        except ValueError:
            # Sent by another version of the code: invalidate everything.
            topic = key = EVERYTHING
        _notify(topic, key)

    def _recover(self) -> None:
        """Publish what an outage has delayed. On failure the next answered ping tries again."""
        try:
            for function in _recovery_callbacks:
                function()
            if _process.has_unsent:
                _send(EVERYTHING, EVERYTHING)
        except RedisAway:
            return
        self._was_lost = _process.has_unsent = False


class _Process:
    """State that a forked child must not inherit: it has no listener thread, and the lock may have been held."""

    def __init__(self) -> None:
        self.listener: _Listener | None = None
        self.lock = threading.Lock()
        self.has_unsent = False


_process = _Process()
os.register_at_fork(after_in_child=_process.__init__)  # type: ignore[misc]
