"""Brings what the answers of this process say to their logs in Redis: all of them in one round trip, 25 times a second.

Entries are kept until Redis has them. Written twice, an entry is refused by its id: nothing is said twice.
"""

import asyncio
import logging
from collections import deque
from typing import Any

from redis.exceptions import RedisError

from conversations import live
from conversations.live import Entry

log = logging.getLogger(__name__)
WRITE_SECONDS = 0.04
AWAY_SECONDS = 0.3
MOST_AT_ONCE = 1_000
# Beyond it, with Redis away, nothing more is kept: tabs of other processes then read the end from the row.
MOST_KEPT = 100_000


class LogWriter:
    """The writer of one event loop. It runs while there is something to write."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, Entry]] = deque()
        self._task: asyncio.Task[None] | None = None

    def write(self, log_key: str, entries: list[Entry]) -> None:
        """Have entries written soon, in their order. A `done` also says when the log goes."""
        if len(self._waiting) < MOST_KEPT:
            self._waiting.extend((log_key, entry) for entry in entries)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write_all())

    async def drained(self, seconds: float) -> None:
        """Wait until all is written, at most so long."""
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=seconds)

    async def _write_all(self) -> None:
        while self._waiting:
            count = min(len(self._waiting), MOST_AT_ONCE)
            batch = [self._waiting[number] for number in range(count)]
            try:
                await _write(batch)
            except (RedisError, OSError) as error:
                log.warning("%s words not logged yet, Redis is away: %s", count, type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            for _entry in batch:
                self._waiting.popleft()
            await asyncio.sleep(WRITE_SECONDS)


async def _write(batch: list[tuple[str, Entry]]) -> None:
    async with live.client().pipeline(transaction=False) as pipe:
        for log_key, entry in batch:
            live.add(pipe, log_key, entry)
        for log_key, kind in {log_key: entry.kind for log_key, entry in batch}.items():
            pipe.expire(log_key, live.LOG_AFTER_END_SECONDS if kind == "done" else live.LOG_SECONDS)
        results: list[Any] = await pipe.execute(raise_on_error=False)
    # An id that is there already: an earlier try had reached Redis after all.
    refused = [one for one in results if isinstance(one, RedisError) and "equal or smaller" not in str(one)]
    if refused:
        log.error("%s entries not logged: %s", len(refused), refused[0])


_writers: dict[asyncio.AbstractEventLoop, LogWriter] = {}


def log_writer() -> LogWriter:
    """The writer of this event loop."""
    loop = asyncio.get_running_loop()
    if loop not in _writers:
        for closed in [known for known in _writers if known.is_closed()]:
            del _writers[closed]
        _writers[loop] = LogWriter()
    return _writers[loop]
