"""In-process cache of values, invalidated in every process within a second of a change.

    plans = SharedCache[Plan]("plans")
    plan = plans.get(code, lambda: read_plan(code))   # no query while nothing has changed
    plans.forget(code)                                # in the transaction of the change, right after the write

Values are shared by all requests of the process, so they must be immutable. Keys do not carry the workspace.
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
MAX_AGE_SECONDS: Final = 60.0


class SharedCache(Generic[Value]):
    """A bounded cache for one broadcast topic. `seconds`: maximum age of an entry, in case a message is lost."""

    def __init__(self, topic: str, *, seconds: float = MAX_AGE_SECONDS, max_entries: int = 10_000) -> None:
        self.topic, self._seconds, self._max_entries = topic, seconds, max_entries
        self._entries: dict[str, tuple[Value, float]] = {}
        self._generation = 0
        self._lock = threading.Lock()
        _caches.append(self)
        broadcast.subscribe(topic, self.drop)

    def get(self, key: str, load: Callable[[], Value]) -> Value:
        """The value of a key, from memory or from `load()`, which must not return None.

        In a transaction that has changed the topic, memory is bypassed.
        """
        if changed_here(self.topic):
            return load()
        value = self.peek(key)
        if value is None:
            mark = self.mark()
            value = load()
            self.put(key, value, mark)
        return value

    def peek(self, key: str) -> Value | None:
        """The value in memory, or None if there is none or an invalidation may have been missed."""
        entry = self._entries.get(key)
        if entry is None or not broadcast.connected() or entry[1] < time.monotonic():
            return None
        return entry[0]

    def mark(self) -> int:
        """A marker to take before a value is read, and to pass to `put`."""
        return self._generation

    def put(self, key: str, value: Value, mark: int) -> None:
        """Store a value, unless any key was dropped since `mark` was taken: the value may predate that change."""
        broadcast.listen()
        with self._lock:
            if mark != self._generation:
                return
            self._entries.pop(key, None)
            if len(self._entries) >= self._max_entries:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = (value, time.monotonic() + self._seconds)

    def drop(self, key: str = broadcast.EVERYTHING) -> None:
        """Remove a key, or all, in this process only."""
        with self._lock:
            self._generation += 1
            if key == broadcast.EVERYTHING:
                self._entries.clear()
            else:
                self._entries.pop(key, None)

    def forget(self, key: str = broadcast.EVERYTHING) -> None:
        """Invalidate a key, or all, after a write: here at once, in every process when the transaction commits.

        Until the commit, `get` on this connection calls `load` each time.
        """
        self.drop(key)
        after_commit(self.topic, lambda: self._publish(key))

    def _publish(self, key: str) -> None:
        # Another thread may have read the old row before the commit.
        self.drop(key)
        broadcast.publish(self.topic, key)

    def after_fork(self) -> None:
        """Replace the lock: it may have been held by a thread that the forked child lacks."""
        self._lock = threading.Lock()
        self._entries = {}


_caches: list[SharedCache[Any]] = []


def _after_fork() -> None:
    for cache in _caches:
        cache.after_fork()


os.register_at_fork(after_in_child=_after_fork)


class _AfterCommit:
    """An on-commit callback that carries its topic, for `changed_here`. A rollback (also to a savepoint) drops it."""

    def __init__(self, topic: str, function: Callable[[], None]) -> None:
        self.topic, self._function = topic, function

    def __call__(self) -> None:
        try:
            self._function()
        except Exception:
            # The change is committed: the caller must not see it fail.
            log.exception("change not published: topic=%s", self.topic)


def after_commit(topic: str, function: Callable[[], None]) -> None:
    """Run `function` when the transaction commits, or at once without one. Its exceptions are logged, not raised."""
    transaction.on_commit(_AfterCommit(topic, function))


def changed_here(topic: str) -> bool:
    """True inside a transaction that has changed a value of the topic."""
    return connection.in_atomic_block and any(
        isinstance(waiting[1], _AfterCommit) and waiting[1].topic == topic for waiting in connection.run_on_commit
    )
