"""Load generator: questions that begin one after another, each in its own tab, to Ruche or to the bare relay."""

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

PAUSE_SECONDS = 0.11
_MARKER = re.compile(r"\[echo (m\d+x)\]")
# Keeps one processor busy until killed.
_BUSY_CODE = "while True: pass"


@dataclass(frozen=True)
class TabResult:
    """Result of one tab: times of the question and of the first words (monotonic), text, final state."""

    begun: float
    first_at: float | None
    text: str
    state: str


Outcomes = dict[int, TabResult | BaseException]
AskFunction = Callable[[int, str], Awaitable[TabResult]]


@contextlib.contextmanager
def busy_loops(count: int) -> Iterator[None]:
    """Run `count` busy processes, each in its own session, because Linux schedules sessions fairly (autogroup)."""
    loops = [subprocess.Popen([sys.executable, "-c", _BUSY_CODE], start_new_session=True) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def ask_ruche(port: int, workspaces: list[Workspace], count: int, words: int, duration: float | None) -> Outcomes:
    """`count` answers in two workspaces, begun over `duration` seconds; None: each after the end of the previous."""

    async def run() -> Outcomes:
        async with AsyncExitStack() as stack:
            browsers = []
            for emails in zip(*(workspace.emails for workspace in workspaces), strict=True):
                for workspace, email in zip(workspaces, emails, strict=True):
                    browser = await stack.enter_async_context(Browser(port, workspace.host))
                    await browser.sign_in(email, PASSWORD)
                    browsers.append(browser)

            async def ask(number: int, question: str) -> TabResult:
                begun = time.monotonic()
                browser = browsers[number % len(browsers)]
                followed = await browser.follow(await browser.ask(question))
                return TabResult(begun, followed.first_at, followed.text, followed.state)

            return await _arrive(ask, count, words, duration)

    return asyncio.run(run())


def ask_relay(port: int, count: int, words: int, duration: float | None) -> Outcomes:
    """The same questions to the relay."""

    async def run() -> Outcomes:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=2)
        address = f"http://127.0.0.1:{port}"
        async with httpx2.AsyncClient(base_url=address, timeout=60, limits=limits, trust_env=False) as client:

            async def ask(_number: int, question: str) -> TabResult:
                begun, first_at, text = time.monotonic(), None, ""
                async with client.stream("POST", "/", content=question) as response:
                    async for line in response.aiter_lines():
                        piece = _delta_text(line)
                        if piece and first_at is None:
                            first_at = time.monotonic()
                        text += piece
                return TabResult(begun, first_at, text, "done")

            return await _arrive(ask, count, words, duration)

    return asyncio.run(run())


def _delta_text(line: str) -> str:
    if not line.startswith("data: {"):
        return ""
    choices = json.loads(line.removeprefix("data: "))["choices"]
    return (choices[0]["delta"].get("content") or "") if choices else ""


async def _arrive(ask: AskFunction, count: int, words: int, duration: float | None) -> Outcomes:
    def question(number: int) -> str:
        return f"Question [echo m{number}x] [slow {PAUSE_SECONDS}] [words {words}]"

    if duration is None:
        return {number: await ask(number, question(number)) for number in range(count)}

    async def after(number: int) -> TabResult:
        await asyncio.sleep(number * duration / count)
        return await ask(number, question(number))

    return dict(enumerate(await asyncio.gather(*(after(number) for number in range(count)), return_exceptions=True)))


def failures(outcomes: Outcomes, provider: fake.Handle) -> dict[int, str]:
    """Tabs whose text differs from what the provider sent: number -> problem."""
    sent = {_marker(call): call["words"] for call in provider.calls()}
    messages = {}
    for number, result in outcomes.items():
        if isinstance(result, BaseException):
            messages[number] = f"{type(result).__name__}: {result}"[:500]
            continue
        text = "".join(f"m{number}x-{word} " for word in range(sent.get(f"m{number}x", 0)))
        if result.state != "done" or not text or result.text != text:
            messages[number] = f"state {result.state or 'none'}, {len(result.text)} of {len(text)} characters"
    return messages


def overheads(outcomes: Outcomes, provider: fake.Handle) -> list[float]:
    """Milliseconds from the question's POST to the first words in the tab, minus the provider's time for them."""
    provider_seconds = {
        _marker(call): call["first_word_at"] - call["at"] for call in provider.calls() if call["first_word_at"]
    }
    milliseconds = []
    for number, result in outcomes.items():
        if isinstance(result, TabResult) and result.first_at is not None and f"m{number}x" in provider_seconds:
            milliseconds.append((result.first_at - result.begun - provider_seconds[f"m{number}x"]) * 1000)
    return milliseconds


def _marker(call: dict[str, Any]) -> str:
    marker = _MARKER.search(str(call["body"]["messages"][-1]["content"]))
    return marker[1] if marker else ""
