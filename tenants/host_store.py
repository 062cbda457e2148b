"""Redis level of the host cache, which spares a starting process the queries.

Two kinds of keys. A host's key holds a workspace's id as a hint ("" if none is there). A workspace's hash holds its
snapshot and all its hosts, ordered by the row's version: a slow process with an old row never overwrites a newer
one. Snapshots are stored under the shape of `TenantRef`, so code of another version never reads them, and a change
deletes those of all shapes. Each snapshot carries the epoch; a new epoch invalidates them all.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.conf import settings

from tenants.breaker import REDIS, quick_client
from tenants.context import TenantRef

# {host: snapshot}: all hosts of one workspace. The snapshots differ in `domain` only.
Hosts = Mapping[str, TenantRef]

_EPOCH: Final = "ruche:hosts:epoch"
UNKNOWN_SECONDS: Final = 2
# Version of a deleted workspace, above any row's: a process that read the row before cannot restore it.
_GONE: Final = 2**53
# Increment it when a field changes its meaning but not its name and type.
_LAYOUT: Final = 1
SHAPE: Final = hashlib.sha256(
    repr([_LAYOUT, [(field.name, str(field.type)) for field in fields(TenantRef)]]).encode()
).hexdigest()[:12]

# KEYS: workspace, epoch, hosts... ARGV: epoch seen, initial epoch, version, shape, snapshot, seconds, id.
_FILL: Final = """
local epoch = redis.call('GET', KEYS[2])
if (epoch or '') ~= ARGV[1] then return 0 end
if not epoch then epoch = ARGV[2]; redis.call('SET', KEYS[2], epoch) end
local held, version = tonumber(redis.call('HGET', KEYS[1], 'version') or '-1'), tonumber(ARGV[3])
if held > version then return 0 end
if held < version or redis.call('HGET', KEYS[1], 'epoch') ~= epoch then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'version', ARGV[3], 'epoch', epoch)
  redis.call('EXPIRE', KEYS[1], ARGV[6])
end
redis.call('HSETNX', KEYS[1], ARGV[4], ARGV[5])
redis.call('SET', KEYS[3], ARGV[7], 'EX', ARGV[6])
return 1
"""
_CHANGE: Final = """
local epoch = redis.call('GET', KEYS[2])
if not epoch then epoch = ARGV[2]; redis.call('SET', KEYS[2], epoch) end
local held = tonumber(redis.call('HGET', KEYS[1], 'version') or '-1')
if held > tonumber(ARGV[3]) then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'epoch', epoch)
if ARGV[5] ~= '' then redis.call('HSET', KEYS[1], ARGV[4], ARGV[5]) end
redis.call('EXPIRE', KEYS[1], ARGV[6])
for at = 3, #KEYS do redis.call('SET', KEYS[at], ARGV[7], 'EX', ARGV[6]) end
return 1
"""


@cache
def _script(text: str) -> Any:
    return quick_client().register_script(text)


def _host_key(host: str) -> str:
    return f"ruche:host:{host}"


def _workspace_key(tenant_id: str) -> str:
    return f"ruche:workspace:{tenant_id}"


def read(host: str) -> tuple[Hosts | None, str]:
    """The stored hosts of the workspace at `host`, and the epoch. None: not stored; empty: no workspace is there.

    Raises `RedisAway`.
    """
    tenant_id, epoch = REDIS.call(lambda: quick_client().mget(_host_key(host), _EPOCH))
    if tenant_id == "":
        return {}, epoch or ""
    if not tenant_id:
        return None, epoch or ""
    stored_epoch, snapshot = REDIS.call(lambda: quick_client().hmget(_workspace_key(tenant_id), "epoch", SHAPE))
    hosts = _decode(snapshot) if snapshot and stored_epoch == epoch else {}
    # The hint may be outdated: the host may belong to another workspace.
    return hosts if host in hosts else None, epoch or ""


def fill(host: str, hosts: Hosts, epoch: str) -> None:
    """Store hosts read from the rows, unless these have changed since. `epoch`: the one returned by `read`.

    Raises `RedisAway`.
    """
    if not hosts:
        REDIS.call(lambda: quick_client().set(_host_key(host), "", ex=UNKNOWN_SECONDS, nx=True))
        return
    ref = hosts[host]
    _run(_FILL, [host], str(ref.id), epoch, ref.version, _encode(hosts))


def change(tenant_id: UUID, version: int | None, hosts: Hosts) -> None:
    """Store the changed rows of a workspace; `version` is None if it was deleted. Raises `RedisAway`."""
    text = _encode(hosts) if hosts else ""
    _run(_CHANGE, list(hosts), str(tenant_id), "", _GONE if version is None else version, text)


def new_epoch() -> None:
    """Invalidate the snapshots of all workspaces. Raises `RedisAway`."""
    REDIS.call(lambda: quick_client().set(_EPOCH, secrets.token_hex(8)))


def _run(script: str, hosts: list[str], tenant_id: str, epoch: str, version: int, text: str) -> None:
    keys = [_workspace_key(tenant_id), _EPOCH, *map(_host_key, hosts)]
    seconds = settings.DOMAIN_CACHE_SECONDS
    arguments = [epoch, secrets.token_hex(8), version, SHAPE, text, seconds, tenant_id]
    REDIS.call(lambda: _script(script)(keys=keys, args=arguments))


def _encode(hosts: Hosts) -> str:
    snapshot = asdict(next(iter(hosts.values())))
    snapshot["id"] = str(snapshot["id"])
    snapshot["trial_ends_at"] = snapshot["trial_ends_at"] and snapshot["trial_ends_at"].isoformat()
    return json.dumps({"ref": snapshot, "hosts": list(hosts)})


def _decode(text: str) -> Hosts:
    stored = json.loads(text)
    snapshot = stored["ref"]
    snapshot["id"] = UUID(snapshot["id"])
    snapshot["trial_ends_at"] = snapshot["trial_ends_at"] and datetime.fromisoformat(snapshot["trial_ends_at"])
    return {host: TenantRef(**(snapshot | {"domain": host})) for host in stored["hosts"]}
