"""Django cache backend: keys carry the workspace, and it falls back to process memory while Redis is down."""

from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

from tenants import context
from tenants.breaker import REDIS, RedisAway, quick_options


def make_key(key: str, key_prefix: str, version: int) -> str:
    """`t:<id>:1:key` inside a workspace, `public:1:key` outside. Raises `NoTenant` with no context.

    `KEY_FUNCTION` of every cache.
    """
    return f"{key_prefix}{context.scope_key()}:{version}:{key}"


class RedisOrLocalCache(RedisCache):
    """Redis, or this process's own memory while Redis is down.

    So rate limits still count, per process, and caches still work. Entries of one outage are not read in the next.
    """

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = quick_options() | params.get("OPTIONS", {})
        super().__init__(server, params | {"OPTIONS": options})
        self._local = LocMemCache("redis-away", params | {"OPTIONS": {"MAX_ENTRIES": 10_000}})

    def _away(self) -> LocMemCache:
        self._local.key_prefix = f"{self.key_prefix}{REDIS.outages}:"
        return self._local


def _redis_or_local(name: str) -> Callable[..., Any]:
    in_redis, in_process = getattr(RedisCache, name), getattr(LocMemCache, name)

    def method(self: RedisOrLocalCache, *args: Any, **kwargs: Any) -> Any:
        try:
            return REDIS.call(lambda: in_redis(self, *args, **kwargs))
        except RedisAway:
            return in_process(self._away(), *args, **kwargs)

    return method


# Every method that calls Redis; the other cache methods are built on these.
for _name in (
    "add",
    "get",
    "set",
    "touch",
    "delete",
    "get_many",
    "has_key",
    "incr",
    "set_many",
    "delete_many",
    "clear",
):
    setattr(RedisOrLocalCache, _name, _redis_or_local(_name))
