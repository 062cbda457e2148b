"""The log of an answer in Redis during generation, from which any process can replay the answer from any position.

The id of an entry is "<characters of text so far>-<number>": the last id gives the length of the text before, and
Redis refuses an entry that is written twice. Keys contain the workspace. Logs expire `LOG_TTL_AFTER_END_SECONDS` after
the end of their answer.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import redis
from django.conf import settings

from tenants.context import current_tenant
from tenants.redis_pools import async_client

LOG_TTL_SECONDS = 3600
LOG_TTL_AFTER_END_SECONDS = 300
# Shared by the threads of a process; a thread waits for a free connection.
MAX_CONNECTIONS = 16
START = "0-0"


@dataclass(frozen=True)
class Entry:
    """One event of an answer.

    Kinds: delta {"text", "at": characters before it}; block, tail and code (`ui.growing_markdown`); done {"state",
    "length"}.
    """

    id: str
    kind: str
    data: dict[str, Any]

    @property
    def position(self) -> tuple[int, int]:
        return position_of(self.id)


def position_of(identifier: str) -> tuple[int, int]:
    """An id as two numbers, which sort in the order of the entries."""
    length, _, number = identifier.partition("-")
    return int(length), int(number or 0)


def key(kind: str, name: object) -> str:
    """A key of the workspace in context."""
    return f"ruche:{kind}:{current_tenant().id}:{name}"


def log_key(message_id: UUID) -> str:
    """The key of an answer's log."""
    return key("log", message_id)


def client() -> Any:
    """The Redis client of this event loop, for calls that do not block."""
    return async_client()


@cache
def sync_client() -> Any:
    """The Redis client for threads. A call waits for a free connection for two seconds at most."""
    pool = redis.BlockingConnectionPool.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=2,
        socket_connect_timeout=1,
        max_connections=MAX_CONNECTIONS,
        timeout=2,
    )
    return redis.Redis(connection_pool=pool)


def entries(raw: Iterable[tuple[str, dict[str, str]]]) -> list[Entry]:
    """Decode the entries of a Redis stream."""
    return [Entry(identifier, fields["kind"], json.loads(fields["data"])) for identifier, fields in raw]


def add(pipe: Any, log: str, entry: Entry) -> None:
    """Add the writing of an entry to a pipeline."""
    fields = {"kind": entry.kind, "data": json.dumps(entry.data, ensure_ascii=False)}
    pipe.xadd(log, fields, id=entry.id, maxlen=20_000)


async def read(message_id: UUID, after: str = START) -> list[Entry]:
    """The log's entries after an id, without waiting."""
    return entries(await client().xrange(log_key(message_id), f"({after}"))


# -- for jobs and views that close the answers of dead processes


def text_so_far(message_id: UUID) -> str:
    """The text of all deltas of the log: up to a second ahead of the row."""
    all_entries = entries(sync_client().xrange(log_key(message_id)))
    return "".join(entry.data["text"] for entry in all_entries if entry.kind == "delta")


def close_log(message_id: UUID, state: str, length: int) -> None:
    """Append the end of the answer to its log for open streams. `length`: characters of its text."""
    redis_client = sync_client()
    fields = {"kind": "done", "data": json.dumps({"state": state, "length": length})}
    redis_client.xadd(log_key(message_id), fields)
    redis_client.expire(log_key(message_id), LOG_TTL_AFTER_END_SECONDS)
    redis_client.delete(key("lease", message_id), key("stop", message_id))
