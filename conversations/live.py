"""The log of an answer in Redis while it comes: any process replays the answer from it, from any point.

The id of an entry is "<characters said so far>-<number>": whoever knows the last id knows how much text came before,
and an entry written twice is refused by Redis. Keys carry the workspace.
A log goes some minutes after its answer's end.
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

LOG_SECONDS = 3600
LOG_AFTER_END_SECONDS = 300
# Of the threads of a process together; who finds none free waits for one.
MOST_CONNECTIONS = 16
START = "0-0"


@dataclass(frozen=True)
class Entry:
    """One event of an answer.

    `kind` is delta {"text", "at": characters before it}, block, tail or code (growing_markdown), or done {"state",
    "length"}.
    """

    id: str
    kind: str
    data: dict[str, Any]

    @property
    def position(self) -> tuple[int, int]:
        return position_of(self.id)


def position_of(identifier: str) -> tuple[int, int]:
    """An id as two numbers, which compare as entries follow each other."""
    length, _, number = identifier.partition("-")
    return int(length), int(number or 0)


def key(kind: str, name: object) -> str:
    """A key of the workspace in context."""
    return f"ruche:{kind}:{current_tenant().id}:{name}"


def log_key(message_id: UUID) -> str:
    """Where the log of an answer is."""
    return key("log", message_id)


def client() -> Any:
    """The client of this event loop, for calls that do not wait for anything."""
    return async_client()


@cache
def sync_client() -> Any:
    """The client of threads. Bounded: who finds no connection free waits for one, two seconds at most."""
    pool = redis.BlockingConnectionPool.from_url(
        settings.REDIS_URL,
        decode_responses=True,
        socket_timeout=2,
        socket_connect_timeout=1,
        max_connections=MOST_CONNECTIONS,
        timeout=2,
    )
    return redis.Redis(connection_pool=pool)


def entries(raw: Iterable[tuple[str, dict[str, str]]]) -> list[Entry]:
    """Entries as Redis gives them."""
    return [Entry(identifier, fields["kind"], json.loads(fields["data"])) for identifier, fields in raw]


def add(pipe: Any, log: str, entry: Entry) -> None:
    """Put an entry's writing into a pipeline."""
    fields = {"kind": entry.kind, "data": json.dumps(entry.data, ensure_ascii=False)}
    pipe.xadd(log, fields, id=entry.id, maxlen=20_000)


async def read(message_id: UUID, after: str = START) -> list[Entry]:
    """All that the log holds after an id, now."""
    return entries(await client().xrange(log_key(message_id), f"({after}"))


# -- for jobs and for views that close what a dead process left


def text_so_far(message_id: UUID) -> str:
    """All deltas of the log joined: at most a second fresher than the row."""
    found = entries(sync_client().xrange(log_key(message_id)))
    return "".join(entry.data["text"] for entry in found if entry.kind == "delta")


def close_log(message_id: UUID, state: str, length: int) -> None:
    """Tell the tabs that still listen that the answer has ended, after so many characters."""
    written = sync_client()
    fields = {"kind": "done", "data": json.dumps({"state": state, "length": length})}
    written.xadd(log_key(message_id), fields)
    written.expire(log_key(message_id), LOG_AFTER_END_SECONDS)
    written.delete(key("lease", message_id), key("stop", message_id))
