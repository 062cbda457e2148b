"""ASGI application (`uvicorn config.asgi:application`): Django, with start and shutdown of the process."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# A page waits for a connection for this long, then answers 503; jobs may wait longer.
os.environ.setdefault("DB_POOL_TIMEOUT", "2")

django.setup(set_prefix=False)

from assistants.providers.registry import close_providers, preload  # noqa: E402 - after the apps are loaded
from config.handler import Handler  # noqa: E402
from conversations import generation  # noqa: E402
from tenants import executors  # noqa: E402

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

handler = Handler()


async def application(scope: Any, receive: Receive, send: Send) -> None:
    """ASGI 3. Lifespan events are handled here, HTTP requests by Django."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        # Not supported. Closing before accepting makes the server answer 403 (ASGI, "Close").
        await receive()
        await send({"type": "websocket.close", "code": 1000, "reason": ""})
    else:
        await handler(scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    """Load the providers' SDKs at startup; at shutdown save the answers in progress as interrupted."""
    while True:
        event = (await receive())["type"]
        if event == "lifespan.startup":
            executors.set_default_executor()
            preload()
            await send({"type": "lifespan.startup.complete"})
        elif event == "lifespan.shutdown":
            await generation.shut_down()
            await close_providers()
            await send({"type": "lifespan.shutdown.complete"})
            return
