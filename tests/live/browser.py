"""What a browser does, without the browser: signs in, asks, follows the stream of an answer.

*.localhost is this machine: connections go to 127.0.0.1, the workspace is in the Host header.
"""

import html
import json
import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import httpx2

_ARTICLE = re.compile(r"<article\s+id=\"m-(?P<id>[0-9a-f-]+)\"(?P<attributes>[^>]*)>(?P<body>.*?)</article>", re.S)
_ATTRIBUTE = re.compile(r'(data-[a-z]+)="([^"]*)"')


@dataclass(frozen=True)
class Event:
    id: str
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """One message on a page."""

    id: str
    role: str
    state: str
    stream: str
    body: str

    @property
    def text(self) -> str:
        return html.unescape(re.sub(r"<[^>]+>", "", self.body))


@dataclass
class Followed:
    """What a tab received of one answer, and when (seconds of the monotonic clock) its first piece came."""

    events: list[Event] = field(default_factory=list)
    first_at: float | None = None

    @property
    def text(self) -> str:
        return "".join(event.data["text"] for event in self.events if event.kind == "delta")

    @property
    def state(self) -> str:
        last = self.events[-1] if self.events else None
        return str(last.data["state"]) if last and last.kind == "done" else ""


@dataclass(frozen=True)
class Asked:
    """An answer that was asked for. `path` is its conversation's page."""

    path: str
    id: str
    stream: str

    @property
    def stop(self) -> str:
        return f"{self.path}messages/{self.id}/stop/"

    @property
    def retry(self) -> str:
        return f"{self.path}messages/{self.id}/retry/"


class Refused(AssertionError):
    """An answer other than the one hoped for."""

    def __init__(self, response: httpx2.Response) -> None:
        super().__init__(f"{response.status_code} {response.request.url.path}: {response.text[-1500:]}")
        self.response = response


class Browser:
    """One person's browser on one workspace: `async with Browser(port, "slug.localhost") as browser`."""

    def __init__(self, port: int, host: str) -> None:
        self.client = httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Host": f"{host}:{port}"},
            timeout=60,
            # Let go of an idle connection before the server (5 s) does: a request must not meet its closing.
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=2),
            trust_env=False,
        )

    async def __aenter__(self) -> "Browser":
        return self

    async def __aexit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.client.aclose()

    async def sign_in(self, email: str, password: str) -> None:
        await self.client.get("/accounts/login/")
        response = await self.post("/accounts/login/", login=email, password=password)
        if response.status_code != 302:
            raise Refused(response)

    async def post(self, path: str, **fields: str) -> httpx2.Response:
        token = self.client.cookies.get("csrf") or ""
        return await self.client.post(path, data={**fields, "csrfmiddlewaretoken": token})

    async def page(self, path: str) -> list[Shown]:
        """The messages on a conversation's page."""
        response = await self.client.get(path)
        if response.status_code != 200:
            raise Refused(response)
        return messages(response.text)

    async def ask(self, text: str, path: str = "") -> Asked:
        """Ask in a new conversation, or in the one at `path`. Raises `Refused`."""
        to = f"{path}messages/" if path else "/conversations/new/"
        return await self._asked(await self.post(to, assistant="posts", text=text))

    async def ask_again(self, answer: Asked) -> Asked:
        return await self._asked(await self.post(answer.retry))

    async def _asked(self, response: httpx2.Response) -> Asked:
        if response.status_code != 302:
            raise Refused(response)
        path = response.headers["location"].partition("#")[0]
        last = (await self.page(path))[-1]
        # An answer that has come already has no stream to follow on the page; its address is known all the same.
        return Asked(path, last.id, last.stream or f"{path}messages/{last.id}/stream/")

    async def events(self, answer: Asked, after: str = "") -> AsyncIterator[Event]:
        headers = {"Last-Event-ID": after} if after else {}
        async with self.client.stream("GET", answer.stream, headers=headers) as response:
            if response.status_code != 200:
                await response.aread()
                raise Refused(response)
            identifier = kind = ""
            async for line in response.aiter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    identifier = value
                elif name == "event":
                    kind = value
                elif name == "data":
                    yield Event(identifier, kind, json.loads(value))
                    identifier = kind = ""

    async def follow(self, answer: Asked, *, after: str = "", pieces: int | None = None) -> Followed:
        """Listen to the end, or until so many pieces of text came: then the tab is closed."""
        followed, deltas = Followed(), 0
        events = self.events(answer, after)
        try:
            async for event in events:
                if followed.first_at is None and event.kind == "delta":
                    followed.first_at = time.monotonic()
                followed.events.append(event)
                deltas += event.kind == "delta"
                if deltas == pieces:
                    break
        finally:
            await events.aclose()  # type: ignore[attr-defined]
        return followed


def messages(page: str) -> list[Shown]:
    found = []
    for article in _ARTICLE.finditer(page):
        attributes = dict(_ATTRIBUTE.findall(article["attributes"]))
        found.append(
            Shown(
                id=article["id"],
                role=attributes.get("data-role", ""),
                state=attributes.get("data-state", ""),
                stream=attributes.get("data-stream", ""),
                body=article["body"],
            )
        )
    return found
