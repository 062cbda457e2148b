"""What Redis remembers of hosts. The rows are the truth; this spares a process that starts the query.

Two kinds of keys: a host names a workspace's id, as a hint only ("": none is there); a workspace's hash holds its
picture and all its hosts. Only the hash is put in order, by the row's version: a process that read an old row and is
late never writes over a newer one. Pictures are named by the shape of `TenantRef`, so that code of another version
never reads them, and a change drops those of every shape. The epoch is a word that all pictures carry; a new one
forgets them all.
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

# {host: picture}: all hosts of one workspace. The pictures differ by their `domain` only.
Hosts = Mapping[str, TenantRef]

_EPOCH: Final = "ruche:hosts:epoch"
UNKNOWN_SECONDS: Final = 2
# Higher than any row's: a workspace that is gone is not brought back by somebody who read its row before.
_GONE: Final = 2**53
# To be raised where a field keeps its name and type and changes its meaning.
_LAYOUT: Final = 1
SHAPE: Final = hashlib.sha256(
    repr([_LAYOUT, [(field.name, str(field.type)) for field in fields(TenantRef)]]).encode()
).hexdigest()[:12]

# KEYS: workspace, epoch, hosts... ARGV: epoch seen, epoch to begin with, version, shape, picture, seconds, id.
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
    """What is remembered of a host, and the epoch. None: nothing; no hosts at all: none is there.

    Raises `RedisAway`.
    """
    tenant_id, epoch = REDIS.call(lambda: quick_client().mget(_host_key(host), _EPOCH))
    if tenant_id == "":
        return {}, epoch or ""
    if not tenant_id:
        return None, epoch or ""
    held, text = REDIS.call(lambda: quick_client().hmget(_workspace_key(tenant_id), "epoch", SHAPE))
    hosts = _decode(text) if text and held == epoch else {}
    # The host may have moved to another workspace since.
    return hosts if host in hosts else None, epoch or ""


def fill(host: str, hosts: Hosts, epoch: str) -> None:
    """Remember what was read from the rows, unless they have changed since. `epoch`: as `read` returned it.

    Raises `RedisAway`.
    """
    if not hosts:
        REDIS.call(lambda: quick_client().set(_host_key(host), "", ex=UNKNOWN_SECONDS, nx=True))
        return
    ref = hosts[host]
    _run(_FILL, [host], str(ref.id), epoch, ref.version, _encode(hosts))


def change(tenant_id: UUID, version: int | None, hosts: Hosts) -> None:
    """A workspace's rows have changed to these; `version` None: it is gone. Raises `RedisAway`."""
    text = _encode(hosts) if hosts else ""
    _run(_CHANGE, list(hosts), str(tenant_id), "", _GONE if version is None else version, text)


def new_epoch() -> None:
    """Forget the pictures of all workspaces. Raises `RedisAway`."""
    REDIS.call(lambda: quick_client().set(_EPOCH, secrets.token_hex(8)))


def _run(script: str, hosts: list[str], tenant_id: str, epoch: str, version: int, text: str) -> None:
    keys = [_workspace_key(tenant_id), _EPOCH, *map(_host_key, hosts)]
    seconds = settings.DOMAIN_CACHE_SECONDS
    arguments = [epoch, secrets.token_hex(8), version, SHAPE, text, seconds, tenant_id]
    REDIS.call(lambda: _script(script)(keys=keys, args=arguments))


def _encode(hosts: Hosts) -> str:
    picture = asdict(next(iter(hosts.values())))
    picture["id"] = str(picture["id"])
    picture["trial_ends_at"] = picture["trial_ends_at"] and picture["trial_ends_at"].isoformat()
    return json.dumps({"ref": picture, "hosts": list(hosts)})


def _decode(text: str) -> Hosts:
    found = json.loads(text)
    picture = found["ref"]
    picture["id"] = UUID(picture["id"])
    picture["trial_ends_at"] = picture["trial_ends_at"] and datetime.fromisoformat(picture["trial_ends_at"])
    return {host: TenantRef(**(picture | {"domain": host})) for host in found["hosts"]}
