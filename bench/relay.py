"""Minimal relay between a tab and a provider, as a baseline for latency: `uvicorn bench.relay:application`.

POST / with a question streams the provider's response without session, database or storage.
"""

import json
import os
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
CLIENT = httpx2.AsyncClient(
    base_url=os.environ["OPENAI_BASE_URL"],
    headers={"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"},
    limits=httpx2.Limits(max_connections=None),
    timeout=60,
    trust_env=False,
)


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """ASGI 3."""
    if scope["type"] == "lifespan":
        while (kind := (await receive())["type"]) != "lifespan.shutdown":
            await send({"type": f"{kind}.complete"})
        await send({"type": "lifespan.shutdown.complete"})
    elif scope["type"] == "http" and scope["method"] == "POST":
        await _relay((await _body(receive)).decode(), send)
    elif scope["type"] == "http":
        await _begin(send, b"text/plain")
        await send({"type": "http.response.body", "body": b"ok"})


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


async def _begin(send: Send, kind: bytes) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})


async def _relay(question: str, send: Send) -> None:
    payload = {"model": "bench", "stream": True, "messages": [{"role": "user", "content": question}]}
    await _begin(send, b"text/event-stream")
    async with CLIENT.stream("POST", "chat/completions", content=json.dumps(payload)) as response:
        async for part in response.aiter_raw():
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})
