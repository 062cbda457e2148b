"""A hundred answers begun over ten seconds in two workspaces: one web process, ten database connections."""

import asyncio
import os
import re
import sys
import threading
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from django.conf import settings

from bench.figures import percentile
from tenants.context import public_context
from tests.fakes.llm import server as fake
from tests.live import workspaces
from tests.live.browser import Browser, Followed
from tests.live.web import Web
from tests.live.workspaces import PASSWORD, Workspace

SECONDS = 10.0
WORDS, PAUSE = 45, 0.11
ALONE = 10
_MARKER = re.compile(r"\[echo (m\d+x)\]")


class Memory(threading.Thread):
    """The most resident memory of a process, looked at five times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.most = 0
        self._process = psutil.Process(pid)
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.2):
            self.most = max(self.most, self._process.memory_info().rss)

    def __enter__(self) -> "Memory":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self.join(2)


def measure(count: int) -> dict[str, Any]:
    """Ten answers one after the other, then `count` of them together."""
    provider = fake.start(urlsplit(os.environ["OPENAI_BASE_URL"]).port or 0)
    web = Web(int(settings.BASE_PORT[1:]), Path(settings.RUCHE_STATE_DIR) / "web.log")
    try:
        web.start()
        with public_context():
            both = [workspaces.make(slug, members=4) for slug in ("flux-a", "flux-b")]
        alone = asyncio.run(_run(web, both, ALONE, apart=None))
        alone_ms = _overheads(alone, provider)
        provider.forget()
        with Memory(web.pid) as memory:
            together = asyncio.run(_run(web, both, count, apart=SECONDS / count))
        together_ms = _overheads(together, provider)
    finally:
        web.stop()
        provider.stop()
    failures = {number: why for number, told in together.items() if (why := _why_failed(number, told))}
    for number, why in failures.items():
        print(f"stream {number} failed: {why}", file=sys.stderr)
    return {
        "count": count,
        "failed": len(failures),
        "rss_mb": round(memory.most / 1e6, 1),
        "ttft_overhead_ms_p50": percentile(together_ms, 50),
        "ttft_overhead_ms_p95": percentile(together_ms, 95),
        "ttft_overhead_alone_ms_p50": percentile(alone_ms, 50),
    }


Outcomes = dict[int, tuple[float, Followed] | BaseException]


async def _run(web: Web, both: list[Workspace], count: int, *, apart: float | None) -> Outcomes:
    async with AsyncExitStack() as stack:
        browsers = []
        for pair in zip(*(workspace.emails for workspace in both), strict=True):
            for workspace, email in zip(both, pair, strict=True):
                browser = await stack.enter_async_context(Browser(web.port, workspace.host))
                await browser.sign_in(email, PASSWORD)
                browsers.append(browser)
        if apart is None:
            return {number: await _one(number, browsers[number % len(browsers)], 5) for number in range(count)}
        tasks = [_one(number, browsers[number % len(browsers)], WORDS, number * apart) for number in range(count)]
        return dict(enumerate(await asyncio.gather(*tasks, return_exceptions=True)))


async def _one(number: int, browser: Browser, words: int, after: float = 0.0) -> tuple[float, Followed]:
    await asyncio.sleep(after)
    begun = time.monotonic()
    asked = await browser.ask(f"Question [echo m{number}x] [slow {PAUSE}] [words {words}]")
    return begun, await browser.follow(asked)


def _why_failed(number: int, told: tuple[float, Followed] | BaseException) -> str:
    if isinstance(told, BaseException):
        return f"{type(told).__name__}: {told}"[:500]
    followed = told[1]
    text = "".join(f"m{number}x-{word} " for word in range(WORDS))
    if followed.state == "done" and followed.text == text:
        return ""
    return f"state {followed.state or 'none'}, {len(followed.text)} of {len(text)} characters"


def _overheads(outcomes: Outcomes, provider: fake.Handle) -> list[float]:
    """Milliseconds from the question's POST to its first words in the tab, less what the provider took for them."""
    took = {}
    for call in provider.calls():
        marker = _MARKER.search(str(call["body"]["messages"][-1]["content"]))
        if marker and call["first_word_at"]:
            took[marker[1]] = call["first_word_at"] - call["at"]
    found = []
    for number, told in outcomes.items():
        if isinstance(told, tuple) and told[1].first_at is not None and f"m{number}x" in took:
            found.append((told[1].first_at - told[0] - took[f"m{number}x"]) * 1000)
    return found
