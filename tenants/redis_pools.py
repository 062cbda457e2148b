"""Connections to Redis of async code: bounded, waited for a short while, and closed again when fewer are needed.

The driver's own pools keep every connection they ever opened, and refuse the one over their bound at once.
"""

import asyncio
from typing import Any, Final

import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

# Idle ones that stay open for the next caller.
KEPT: Final = 8
MOST: Final = 64
# Seconds for a free connection, for connecting, and for an answer. After them the driver raises ConnectionError or
# TimeoutError; it does not try again by itself.
FREE_SECONDS: Final = 1.0
CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0


# What is known of the driver's types is older than the driver.
_Pool: Any = redis.asyncio.BlockingConnectionPool
_Redis: Any = redis.asyncio.Redis


class ShrinkingPool(_Pool):
    """Closes what is given back beyond `KEPT` idle connections."""

    async def release(self, connection: Any) -> None:
        await super().release(connection)
        idle: list[Any] = self._available_connections
        while len(idle) > KEPT:
            await idle.pop(0).disconnect()


_clients: dict[tuple[asyncio.AbstractEventLoop, int, float], Any] = {}


def async_client(*, most: int = MOST, answer_seconds: float = ANSWER_SECONDS) -> Any:
    """This loop's client with so many connections at most, answers as text. One for each pair of arguments.

    A reader that blocks (XREAD, pub/sub) holds one for as long: give it `answer_seconds` above its longest wait.
    """
    loop = asyncio.get_running_loop()
    key = (loop, most, answer_seconds)
    if key not in _clients:
        for closed in [known for known in _clients if known[0].is_closed()]:
            del _clients[closed]
        pool = ShrinkingPool.from_url(
            settings.REDIS_URL,
            max_connections=most,
            timeout=FREE_SECONDS,
            decode_responses=True,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=answer_seconds,
            retry=Retry(NoBackoff(), 0),
        )
        _clients[key] = _Redis.from_pool(pool)
    return _clients[key]
