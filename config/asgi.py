"""What the web server runs: `uvicorn config.asgi:application`. Django, and the beginning and end of the process."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# A page that waits longer for a connection is better told to come again; jobs have more time.
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
    """ASGI 3. The server's lifespan events are ours; the rest is Django's."""
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
    elif scope["type"] == "websocket":
        # Nothing here speaks over one. Closed before it is accepted: the server answers 403 (ASGI, "Close").
        await receive()
        await send({"type": "websocket.close", "code": 1000, "reason": ""})
    else:
        await handler(scope, receive, send)


async def lifespan(receive: Receive, send: Send) -> None:
    """Load the providers' SDKs at the start; at the end save the answers under way, as interrupted."""
    while True:
        event = (await receive())["type"]
        if event == "lifespan.startup":
            executors.set_default_executor()
            preload()
            await send({"type": "lifespan.startup.complete"})
        elif event == "lifespan.shutdown":
            await generation.end_all()
            await close_providers()
            await send({"type": "lifespan.shutdown.complete"})
            return
