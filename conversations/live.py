"""What of an answer lives in Redis while it comes: the log of its deltas, the lease of its maker, the wish to stop.

Keys carry the workspace. The log lets any process replay an answer from any point; the lease says that somebody
still writes it; both go some minutes after the end.
"""

import json
import logging
import os
import secrets
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import redis
from django.conf import settings

from tenants.context import current_tenant
from tenants.redis_pools import async_client

log = logging.getLogger(__name__)
LEASE_MS = 10_000
RENEW_SECONDS = 1.0
LOG_SECONDS = 3600
LOG_AFTER_END_SECONDS = 300
# Longer than any wait for an event: the driver's own 5 seconds would cut a tab off during a silence.
SOCKET_SECONDS = 20
# Each tab that waits holds one; the driver's own 100 would leave none to write with.
MOST_CONNECTIONS = 5_000
OWNER = f"{os.getpid()}-{secrets.token_hex(4)}"


@dataclass(frozen=True)
class Entry:
    """One event of an answer: `kind` is delta {"text"}, block, tail or code (growing_markdown), or done {"state"}."""

    id: str
    kind: str
    data: dict[str, Any]


def _key(kind: str, message_id: UUID) -> str:
    return f"ruche:{kind}:{current_tenant().id}:{message_id}"


def _client() -> Any:
    return async_client(most=MOST_CONNECTIONS, answer_seconds=SOCKET_SECONDS)


@cache
def _sync_client() -> Any:
    return redis.Redis.from_url(settings.REDIS_URL, decode_responses=True, socket_timeout=2, socket_connect_timeout=1)


async def take_lease(message_id: UUID) -> None:
    """Say that this process makes the answer."""
    await _client().set(_key("lease", message_id), OWNER, px=LEASE_MS)


async def renew_lease(message_id: UUID) -> bool:
    """Keep the lease; True where somebody wishes the answer to stop."""
    async with _client().pipeline(transaction=False) as pipe:
        pipe.set(_key("lease", message_id), OWNER, px=LEASE_MS)
        pipe.get(_key("stop", message_id))
        results = await pipe.execute()
    return results[1] is not None


async def append(message_id: UUID, kind: str, data: dict[str, Any]) -> None:
    """Add an event to the log."""
    await _client().xadd(_key("log", message_id), {"kind": kind, "data": json.dumps(data)}, maxlen=20_000)


async def read(message_id: UUID, after: str, wait_ms: int) -> list[Entry]:
    """The events after an id ("0": from the start), waiting for one at most `wait_ms`."""
    answer = await _client().xread({_key("log", message_id): after}, count=500, block=wait_ms)
    entries = answer[0][1] if answer else []
    return [Entry(identifier, fields["kind"], json.loads(fields["data"])) for identifier, fields in entries]


async def end(message_id: UUID) -> None:
    """The answer is saved: free the lease, keep the log a while for tabs that come back."""
    async with _client().pipeline(transaction=False) as pipe:
        pipe.delete(_key("lease", message_id), _key("stop", message_id))
        pipe.expire(_key("log", message_id), LOG_AFTER_END_SECONDS)
        await pipe.execute()


async def is_leased(message_id: UUID) -> bool:
    """True while some process says that it makes the answer."""
    return bool(await _client().exists(_key("lease", message_id)))


# -- for jobs and for views that close what a dead process left


def lease_now(message_id: UUID) -> None:
    """Take the lease before the answer's row can be seen: nobody then believes it abandoned."""
    _sync_client().set(_key("lease", message_id), OWNER, px=LEASE_MS)


def leased_now(message_id: UUID) -> bool:
    """Whether some process makes the answer. With Redis away nobody knows: it is left alone."""
    try:
        return bool(_sync_client().exists(_key("lease", message_id)))
    except redis.RedisError:
        log.warning("lease not known, Redis is away: message=%s", message_id)
        return True


def ask_to_stop(message_id: UUID) -> None:
    """Ask whichever process makes the answer to stop; it looks every second."""
    _sync_client().set(_key("stop", message_id), "1", ex=600)


def text_so_far(message_id: UUID) -> str:
    """All deltas of the log joined: at most a second fresher than the row."""
    entries = _sync_client().xrange(_key("log", message_id))
    return "".join(json.loads(fields["data"])["text"] for _, fields in entries if fields["kind"] == "delta")


def close_log(message_id: UUID, state: str) -> None:
    """Tell the tabs that still listen that the answer has ended."""
    client = _sync_client()
    client.xadd(_key("log", message_id), {"kind": "done", "data": json.dumps({"state": state})})
    client.expire(_key("log", message_id), LOG_AFTER_END_SECONDS)
    client.delete(_key("lease", message_id), _key("stop", message_id))
