"""Values kept in memory, dropped in every process within a second of a change.

    plans = SharedCache[Plan]("plans")
    plan = plans.get(code, lambda: read_plan(code))   # no query while nothing has changed
    plans.forget(code)                                # in the transaction of the change, right after the write

Values are shared by all requests of the process: keep immutable ones. Keys carry no workspace by themselves.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from django.db import connection, transaction

from tenants import broadcast

log = logging.getLogger(__name__)
Value = TypeVar("Value")
KEPT_SECONDS: Final = 60.0


class SharedCache(Generic[Value]):
    """A bounded dictionary, by topic of the broadcast. `seconds` bounds what a lost message could leave behind."""

    def __init__(self, topic: str, *, seconds: float = KEPT_SECONDS, most: int = 10_000) -> None:
        self.topic, self._seconds, self._most = topic, seconds, most
        self._entries: dict[str, tuple[Value, float]] = {}
        self._generation = 0
        self._lock = threading.Lock()
        _caches.append(self)
        broadcast.subscribe(topic, self.drop)

    def get(self, key: str, load: Callable[[], Value]) -> Value:
        """The value of a key, from memory or from `load()`, which must not return None."""
        if changed_here(self.topic):
            return load()
        found = self.peek(key)
        if found is None:
            mark = self.mark()
            found = load()
            self.put(key, found, mark)
        return found

    def peek(self, key: str) -> Value | None:
        """The value in memory; None where there is none, or where a change of it may not have been heard."""
        entry = self._entries.get(key)
        if entry is None or not broadcast.connected() or entry[1] < time.monotonic():
            return None
        return entry[0]

    def mark(self) -> int:
        """To be taken before a value is read, and given to `put` with it."""
        return self._generation

    def put(self, key: str, value: Value, mark: int) -> None:
        """Keep a value, unless something was dropped since the mark was taken: it may be older than that change."""
        broadcast.listen()
        with self._lock:
            if mark != self._generation:
                return
            self._entries.pop(key, None)
            if len(self._entries) >= self._most:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = (value, time.monotonic() + self._seconds)

    def drop(self, key: str = broadcast.EVERYTHING) -> None:
        """Forget a key in this process alone."""
        with self._lock:
            self._generation += 1
            if key == broadcast.EVERYTHING:
                self._entries.clear()
            else:
                self._entries.pop(key, None)

    def forget(self, key: str = broadcast.EVERYTHING) -> None:
        """Its rows have changed: forget a key here at once, and everywhere when the transaction has committed.

        Until then this connection alone sees the change: `get` reads it anew each time.
        """
        self.drop(key)
        after_commit(self.topic, lambda: self._told(key))

    def _told(self, key: str) -> None:
        # Somebody here may have read the old row before the commit.
        self.drop(key)
        broadcast.publish(self.topic, key)

    def after_fork(self) -> None:
        """The lock may have been held by a thread that the child does not have."""
        self._lock = threading.Lock()
        self._entries = {}


_caches: list[SharedCache[Any]] = []


def _after_fork() -> None:
    for cache in _caches:
        cache.after_fork()


os.register_at_fork(after_in_child=_after_fork)


class _AfterCommit:
    """Lies among the transaction's callbacks until it commits; a rollback, or one to a savepoint, takes it away."""

    def __init__(self, topic: str, function: Callable[[], None]) -> None:
        self.topic, self._function = topic, function

    def __call__(self) -> None:
        try:
            self._function()
        except Exception:
            # The change stands: whoever made it must not be told that it failed.
            log.exception("a change could not be told: topic=%s", self.topic)


def after_commit(topic: str, function: Callable[[], None]) -> None:
    """Run `function` when the open transaction commits, at once where none is open. Its errors are logged."""
    transaction.on_commit(_AfterCommit(topic, function))


def changed_here(topic: str) -> bool:
    """True in a transaction that has changed something of the topic and has not ended."""
    return connection.in_atomic_block and any(
        isinstance(waiting[1], _AfterCommit) and waiting[1].topic == topic for waiting in connection.run_on_commit
    )
