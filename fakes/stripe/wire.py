"""What goes over the wire, without a framework: one request read, one answer sent."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass
class Request:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    client: str

    @property
    def form(self) -> dict[str, str]:
        """A page's form; of a name that comes twice, the last."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @property
    def args(self) -> dict[str, str]:
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.body)) if self.body else {}


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


def as_json(value: object, status: int = 200, **headers: str) -> Answer:
    body = json.dumps(value, indent=2, ensure_ascii=False).encode()
    return Answer(status, body, {"content-type": "application/json", **headers})


def as_page(text: str, status: int = 200) -> Answer:
    return Answer(status, text.encode(), {"content-type": "text/html; charset=utf-8"})


def redirect(address: str) -> Answer:
    return Answer(303, b"", {"location": address})


async def read(scope: Scope, receive: Receive) -> Request:
    data, more = b"", True
    while more:
        message = await receive()
        data, more = data + message.get("body", b""), message.get("more_body", False)
    headers = {name.decode().lower(): value.decode("latin-1") for name, value in scope["headers"]}
    client = (scope.get("client") or ("",))[0]
    query = scope["query_string"].decode()
    return Request(scope["method"], scope["path"], query, headers, data, client)


async def send_answer(send: Send, answer: Answer) -> None:
    headers = {"content-length": str(len(answer.body)), "cache-control": "no-store", **answer.headers}
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": answer.body})
