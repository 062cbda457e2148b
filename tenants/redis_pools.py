"""Async Redis clients whose connection pools are bounded, block for a short time, and shrink when idle.

The driver's own pools never close a connection, and fail at once when the limit is reached.
"""

import asyncio
from typing import Any, Final

import redis.asyncio
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

# Idle connections kept open.
MAX_IDLE: Final = 8
MAX_CONNECTIONS: Final = 64
# Timeouts for a free connection, for connecting and for a reply. After them the driver raises ConnectionError or
# TimeoutError, without a retry.
CHECKOUT_SECONDS: Final = 1.0
CONNECT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 2.0


# The published type stubs do not match this version of the driver.
_Pool: Any = redis.asyncio.BlockingConnectionPool
_Redis: Any = redis.asyncio.Redis


class ShrinkingPool(_Pool):
    """Closes idle connections beyond `MAX_IDLE` when one is released."""

    async def release(self, connection: Any) -> None:
        await super().release(connection)
        idle: list[Any] = self._available_connections
        while len(idle) > MAX_IDLE:
            await idle.pop(0).disconnect()


_clients: dict[tuple[asyncio.AbstractEventLoop, int, float], Any] = {}


def async_client(*, max_connections: int = MAX_CONNECTIONS, answer_seconds: float = ANSWER_SECONDS) -> Any:
    """The client of the running loop for these arguments; replies are decoded to text.

    A blocking reader (XREAD, pub/sub) needs `answer_seconds` above its longest wait.
    """
    loop = asyncio.get_running_loop()
    key = (loop, max_connections, answer_seconds)
    if key not in _clients:
        for closed in [other for other in _clients if other[0].is_closed()]:
            del _clients[closed]
        pool = ShrinkingPool.from_url(
            settings.REDIS_URL,
            max_connections=max_connections,
            timeout=CHECKOUT_SECONDS,
            decode_responses=True,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=answer_seconds,
            retry=Retry(NoBackoff(), 0),
        )
        _clients[key] = _Redis.from_pool(pool)
    return _clients[key]
