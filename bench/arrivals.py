"""People who ask one after the other, each in a tab of their own: at Ruche, and at the bare relay."""

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx2

from fakes.llm import server as fake
from tests.live.browser import Browser
from tests.live.workspaces import PASSWORD, Workspace

PAUSE = 0.11
_MARKER = re.compile(r"\[echo (m\d+x)\]")
# Keeps one processor busy, for as long as it is let.
_LOOP = "while True: pass"


@dataclass(frozen=True)
class Told:
    """What one tab was told: when it asked and when its first words came (monotonic), its text, how it ended."""

    begun: float
    first_at: float | None
    text: str
    state: str


Outcomes = dict[int, Told | BaseException]
One = Callable[[int, str], Awaitable[Told]]


@contextlib.contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """So many processes that compute all the time, each in a session of its own: Linux shares processors by these."""
    loops = [subprocess.Popen([sys.executable, "-c", _LOOP], start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def at_ruche(port: int, both: list[Workspace], count: int, words: int, over: float | None) -> Outcomes:
    """`count` answers in two workspaces, begun over so many seconds; None: one after the other's end."""

    async def run() -> Outcomes:
        async with AsyncExitStack() as stack:
            browsers = []
            for pair in zip(*(workspace.emails for workspace in both), strict=True):
                for workspace, email in zip(both, pair, strict=True):
                    browser = await stack.enter_async_context(Browser(port, workspace.host))
                    await browser.sign_in(email, PASSWORD)
                    browsers.append(browser)

            async def one(number: int, question: str) -> Told:
                begun = time.monotonic()
                browser = browsers[number % len(browsers)]
                followed = await browser.follow(await browser.ask(question))
                return Told(begun, followed.first_at, followed.text, followed.state)

            return await _arrive(one, count, words, over)

    return asyncio.run(run())


def at_relay(port: int, count: int, words: int, over: float | None) -> Outcomes:
    """The same at the relay."""

    async def run() -> Outcomes:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=2)
        address = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=address, timeout=60, limits=limits, trust_env=False) as client:

            async def one(_number: int, question: str) -> Told:
                begun, first_at, text = time.monotonic(), None, ""
                async with client.stream("POST", "/", content=question) as response:
                    async for line in response.aiter_lines():
                        piece = _piece(line)
                        if piece and first_at is None:
                            first_at = time.monotonic()
                        text += piece
                return Told(begun, first_at, text, "done")

            return await _arrive(one, count, words, over)

    return asyncio.run(run())


def _piece(line: str) -> str:
    if not line.startswith("data: {"):
        return ""
    choices = json.loads(line.removeprefix("data: "))["choices"]
    return (choices[0]["delta"].get("content") or "") if choices else ""


async def _arrive(one: One, count: int, words: int, over: float | None) -> Outcomes:
    def question(number: int) -> str:
        return f"Question [echo m{number}x] [slow {PAUSE}] [words {words}]"

    if over is None:
        return {number: await one(number, question(number)) for number in range(count)}

    async def after(number: int) -> Told:
        await asyncio.sleep(number * over / count)
        return await one(number, question(number))

    return dict(enumerate(await asyncio.gather(*(after(number) for number in range(count)), return_exceptions=True)))


def failures(outcomes: Outcomes, provider: fake.Handle) -> dict[int, str]:
    """Who was not told the whole of what the provider sent, and what was wrong."""
    sent = {_marker(call): call["words"] for call in provider.calls()}
    found = {}
    for number, told in outcomes.items():
        if isinstance(told, BaseException):
            found[number] = f"{type(told).__name__}: {told}"[:500]
            continue
        text = "".join(f"m{number}x-{word} " for word in range(sent.get(f"m{number}x", 0)))
        if told.state != "done" or not text or told.text != text:
            found[number] = f"state {told.state or 'none'}, {len(told.text)} of {len(text)} characters"
    return found


def overheads(outcomes: Outcomes, provider: fake.Handle) -> list[float]:
    """Milliseconds from the question's POST to its first words in the tab, less what the provider took for them."""
    took = {_marker(call): call["first_word_at"] - call["at"] for call in provider.calls() if call["first_word_at"]}
    found = []
    for number, told in outcomes.items():
        if isinstance(told, Told) and told.first_at is not None and f"m{number}x" in took:
            found.append((told.first_at - told.begun - took[f"m{number}x"]) * 1000)
    return found


def _marker(call: dict[str, Any]) -> str:
    marker = _MARKER.search(str(call["body"]["messages"][-1]["content"]))
    return marker[1] if marker else ""
