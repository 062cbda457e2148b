"""Enqueue a platform job without waiting: many calls of `ring` make one job.

A thread of the process talks to Redis, so that callers wait neither in a transaction nor with a database connection.
While a job is enqueued and has not begun, no process enqueues it again. A ring may be lost with its process or with
Redis, so each such job also runs by the schedule.
"""

import logging
import os
import threading
from typing import Final

from tenants.executors import give_back_connection

log = logging.getLogger(__name__)
# Rings within this time make one request to Redis.
BURST_SECONDS: Final = 0.02


def ring(name: str) -> None:
    """Run `name()` in a worker, in the public schema, soon. To be called after the commit."""
    with _process.lock:
        _process.names.add(name)
        if _process.thread is None:
            thread = threading.Thread(target=_answer, name="ruche-bell", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                # The interpreter is going down: no thread starts any more.
                return
            _process.thread = thread
    _process.rung.set()


def flush() -> None:
    """Enqueue now. A worker's child process calls it after each job, because its threads die with it."""
    from tenants.queue import ask_once

    # A second caller returns only when the first has enqueued its names.
    with _process.asking:
        with _process.lock:
            names, _process.names = _process.names, set()
        if names:
            give_back_connection()
        for name in sorted(names):
            ask_once(name)


def _answer() -> None:
    rung, quiet = _process.rung, threading.Event()
    while True:
        rung.wait()
        rung.clear()
        quiet.wait(BURST_SECONDS)
        try:
            flush()
        except Exception:
            log.exception("the bell failed: jobs wait for the schedule")


class _Process:
    """State that a forked child must not inherit: it has no thread, and a lock may have been held."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.lock = threading.Lock()
        self.asking = threading.Lock()
        self.rung = threading.Event()
        self.thread: threading.Thread | None = None


_process = _Process()
os.register_at_fork(after_in_child=_process.__init__)  # type: ignore[misc]
