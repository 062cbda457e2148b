"""Writes the entries of this process's answers to their logs in Redis, 25 times a second in one round trip for all.

Entries are queued until Redis has them. A retry cannot duplicate an entry, since Redis refuses an id that exists.
"""

import asyncio
import logging
from collections import deque
from typing import Any

from redis.exceptions import RedisError

from conversations import answer_log
from conversations.answer_log import Entry

log = logging.getLogger(__name__)
WRITE_SECONDS = 0.04
RETRY_SECONDS = 0.3
MAX_BATCH = 1_000
# Further entries are dropped while Redis is unavailable; streams of other processes then read the end from the row.
MAX_QUEUED = 100_000


class LogWriter:
    """The writer of one event loop. Its task runs while entries are queued."""

    def __init__(self) -> None:
        self._queue: deque[tuple[str, Entry]] = deque()
        self._task: asyncio.Task[None] | None = None

    def write(self, log_key: str, entries: list[Entry]) -> None:
        """Queue entries, which are written in order. A `done` entry also shortens the expiry of the log."""
        if len(self._queue) < MAX_QUEUED:
            self._queue.extend((log_key, entry) for entry in entries)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all())

    async def wait_until_drained(self, seconds: float) -> None:
        """Wait until all entries are written, for `seconds` at most."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=seconds)

    async def _write_all(self) -> None:
        while self._queue:
            count = min(len(self._queue), MAX_BATCH)
            batch = [self._queue[number] for number in range(count)]
            try:
                await _write(batch)
            except (RedisError, OSError) as error:
                log.warning("%s words not logged yet, Redis is away: %s", count, type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for _entry in batch:
                self._queue.popleft()
            await asyncio.sleep(WRITE_SECONDS)


async def _write(batch: list[tuple[str, Entry]]) -> None:
    async with answer_log.client().pipeline(transaction=False) as pipe:
        for log_key, entry in batch:
            answer_log.add(pipe, log_key, entry)
        for log_key, kind in {log_key: entry.kind for log_key, entry in batch}.items():
            pipe.expire(log_key, answer_log.LOG_TTL_AFTER_END_SECONDS if kind == "done" else answer_log.LOG_TTL_SECONDS)
        results: list[Any] = await pipe.execute(raise_on_error=False)
    # "equal or smaller": the id exists, since an earlier attempt reached Redis although it failed here.
    errors = [result for result in results if isinstance(result, RedisError) and "equal or smaller" not in str(result)]
    if errors:
        log.error("%s entries not logged: %s", len(errors), errors[0])


_writers: dict[asyncio.AbstractEventLoop, LogWriter] = {}


def log_writer() -> LogWriter:
    """The writer of this event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _writers:
        for closed in [other for other in _writers if other.is_closed()]:
            del _writers[closed]
        _writers[loop] = LogWriter()
    return _writers[loop]
