"""A word to every process at once: web, worker, schedule, commands.

`publish` reaches the functions given to `subscribe` in all processes, in milliseconds. A process listens from the first
time it asks whether it is `connected`; what it keeps in memory counts only while it is. Redis keeps no message for
those who do not listen, so whoever connects, or loses the connection, is told to forget everything.
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
# Older than this, the last sign of life proves nothing: what is remembered is not used.
TRUST_SECONDS: Final = 0.9
# A connection silent for so long is given up; the network may have dropped it without telling.
SILENCE_SECONDS: Final = 3.0
MOST_WAIT_SECONDS: Final = 2.0

_subscribers: list[tuple[str, Callable[[str], None]]] = []
_when_back: list[Callable[[], None]] = []


def subscribe(topic: str, function: Callable[[str], None]) -> None:
    """Call `function(key)` for each message of a topic; the key is `EVERYTHING` where messages may have been missed.

    It runs in the listener's thread: it must be short, and ask neither the database nor Redis.
    """
    _subscribers.append((topic, function))


def when_back(function: Callable[[], None]) -> None:
    """Call `function()` once Redis answers again after it was lost. It may ask Redis through the breaker."""
    _when_back.append(function)


def publish(topic: str, key: str = EVERYTHING) -> bool:
    """Tell every process. False: Redis is away; all will be told to forget everything when it is back."""
    try:
        _send(topic, key)
    except RedisAway:
        log.warning("a change was not told to other processes yet: topic=%s key=%s", topic, key)
        _process.owes = True
        listen()
        return False
    return True


def connected() -> bool:
    """True while this process would have heard any message older than `TRUST_SECONDS`. Starts to listen."""
    listener = _process.listener
    if listener is None:
        listen()
        return False
    return time.monotonic() - listener.heard < TRUST_SECONDS


def listen() -> None:
    """Start the listener of this process, if it does not run."""
    with _process.lock:
        if _process.listener is None:
            listener = _Listener()
            try:
                listener.start()
            except RuntimeError:
                # The interpreter is going down: no thread starts any more.
                return
            _process.listener = listener


def forget_here() -> None:
    """Tell all subscribers of this process alone to forget everything."""
    _tell(EVERYTHING, EVERYTHING)


def _tell(topic: str, key: str) -> None:
    for known, function in _subscribers:
        if topic in (known, EVERYTHING):
            try:
                function(key)
            except Exception:
                log.exception("a subscriber failed: topic=%s", known)


def _send(topic: str, key: str) -> None:
    REDIS.call(lambda: quick_client().publish(_channel(), json.dumps([topic, key])))


@cache
def _pool() -> redis.ConnectionPool:
    # RESP 2: messages and answers come in one order, through one door.
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
    """Channels are the whole server's, unlike keys: two platforms in two databases must not hear each other."""
    return f"ruche:{_pool().connection_kwargs.get('db') or 0}:changes"


class _Listener(threading.Thread):
    """Hears the channel and asks for a sign of life; connects again for as long as the process lives."""

    def __init__(self) -> None:
        super().__init__(name="ruche-broadcast", daemon=True)
        # When the last ping was sent that was answered: all that was published before has been heard.
        self.heard = float("-inf")
        self._was_lost = False
        self._tries = 0

    def run(self) -> None:
        while True:
            try:
                self._hear()
            except (redis.RedisError, OSError) as error:
                log.info("broadcast: connection lost: %s", type(error).__name__)
            except Exception:
                log.exception("broadcast: the listener failed")
            self.heard = float("-inf")
            self._was_lost = True
            _tell(EVERYTHING, EVERYTHING)
            time.sleep(self._pause())

    def _pause(self) -> float:
        """Seconds until the next try: none at first, then growing. Processes do not come back all at once."""
        longest = min(MOST_WAIT_SECONDS, 0.05 * 2 ** min(self._tries, 10)) if self._tries else 0.0
        self._tries += 1
        return random.uniform(longest / 2, longest)  # noqa: S311 - no secret

    def _hear(self) -> None:
        connection = _pool().make_connection()
        started = time.monotonic()
        try:
            connection.connect()
            connection.send_command("SUBSCRIBE", _channel())
            while True:
                connection.send_command("PING", repr(time.monotonic()))
                self._take_for(connection, PING_SECONDS)
                if time.monotonic() - max(self.heard, started) > SILENCE_SECONDS:
                    raise redis.TimeoutError("no sign of life")
        finally:
            connection.disconnect()

    def _take_for(self, connection: Any, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if connection.can_read(timeout=left):
                self._take(connection.read_response())

    def _take(self, answer: list[Any]) -> None:
        kind, last = answer[0], answer[-1]
        if kind == b"message":
            self._message(last)
        elif kind == b"subscribe":
            _tell(EVERYTHING, EVERYTHING)
        elif kind == b"pong":
            self.heard = float(last)
            self._tries = 0
            REDIS.worked(self.heard)
            if self._was_lost or _process.owes:
                self._catch_up()

    def _message(self, text: bytes) -> None:
        try:
            topic, key = json.loads(text)
        except ValueError:
            # From another version of the code: better forget too much.
            topic = key = EVERYTHING
        _tell(topic, key)

    def _catch_up(self) -> None:
        """What could not be told while Redis was away is told now; where it fails, with the next sign of life."""
        try:
            for function in _when_back:
                function()
            if _process.owes:
                _send(EVERYTHING, EVERYTHING)
        except RedisAway:
            return
        self._was_lost = _process.owes = False


class _Process:
    """What a forked child must not inherit: it has no listener thread, and a lock may have been held."""

    def __init__(self) -> None:
        self.listener: _Listener | None = None
        self.lock = threading.Lock()
        self.owes = False


_process = _Process()
os.register_at_fork(after_in_child=_process.__init__)  # type: ignore[misc]
