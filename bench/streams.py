"""Answers begun over ten and over twenty seconds, quiet and beside busy loops: one web process, ten connections."""

import os
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psutil
from django.conf import settings

from bench import arrivals
from bench.figures import percentile
from bench.servers import free_port
from fakes.llm import server as fake
from tenants.context import public_context
from tests.live import workspaces
from tests.live.web import Web

WORDS = 45
ALONE, ALONE_WORDS = 20, 5
BUSY_LOOPS = 6


class Round(NamedTuple):
    """Answers begun over so many seconds, beside so many busy loops."""

    name: str
    seconds: float
    loops: int


ROUNDS = (
    Round("10_s", 10.0, 0),
    Round("20_s", 20.0, 0),
    Round("10_s_busy", 10.0, BUSY_LOOPS),
    Round("20_s_busy", 20.0, BUSY_LOOPS),
)
# The relay's arrivals, to which a first word of ours is held.
COMPARED = "20_s"


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
    """Answers one after the other, then `count` of them in each round; the relay alone and in one of the rounds."""
    provider = fake.start(urlsplit(os.environ["OPENAI_BASE_URL"]).port or 0)
    try:
        ours = _ours(count, provider)
        relay = _relays(count, provider)
    finally:
        provider.stop()
    alone, p50, p95 = (
        "ttft_overhead_alone_ms_p50",
        f"ttft_overhead_ms_p50_{COMPARED}",
        f"ttft_overhead_ms_p95_{COMPARED}",
    )
    return {
        "count": count,
        **ours,
        **relay,
        "ttft_alone_vs_relay": round(ours[alone] / relay[f"relay_{alone}"], 2),
        "ttft_p50_vs_relay": round(ours[p50] / relay[f"relay_{p50}"], 2),
        "ttft_p95_vs_relay": round(ours[p95] / relay[f"relay_{p95}"], 2),
    }


def _ours(count: int, provider: fake.Handle) -> dict[str, Any]:
    web = Web(int(settings.BASE_PORT[1:]), Path(settings.RUCHE_STATE_DIR) / "web.log")
    found: dict[str, Any] = {}
    try:
        web.start()
        with public_context():
            both = [workspaces.make(slug, members=4) for slug in ("flux-a", "flux-b")]
        # The first answer of a process loads what later ones find.
        arrivals.at_ruche(web.port, both, 2, ALONE_WORDS, None)
        alone = _measured(provider, partial(arrivals.at_ruche, web.port, both, ALONE, ALONE_WORDS, None))
        with Memory(web.pid) as memory:
            for one in ROUNDS:
                with arrivals.busy_loops(one.loops):
                    told = _measured(provider, partial(arrivals.at_ruche, web.port, both, count, WORDS, one.seconds))
                found |= _figures(told, one.name)
                found[f"failed_{one.name}"] = len(told.failures)
    finally:
        web.stop()
    return {
        "failed": sum(found[f"failed_{one.name}"] for one in ROUNDS),
        "rss_mb": round(memory.most / 1e6, 1),
        "ttft_overhead_alone_ms_p50": percentile(alone.overheads, 50),
        **found,
    }


def _relays(count: int, provider: fake.Handle) -> dict[str, Any]:
    web = Web(free_port(), Path(settings.RUCHE_STATE_DIR) / "relay.log", application="bench.relay:application")
    try:
        web.start()
        arrivals.at_relay(web.port, 2, ALONE_WORDS, None)
        alone = _measured(provider, partial(arrivals.at_relay, web.port, ALONE, ALONE_WORDS, None))
        seconds = next(one.seconds for one in ROUNDS if one.name == COMPARED)
        told = _measured(provider, partial(arrivals.at_relay, web.port, count, WORDS, seconds))
    finally:
        web.stop()
    found = {"ttft_overhead_alone_ms_p50": percentile(alone.overheads, 50), **_figures(told, COMPARED)}
    return {f"relay_{name}": value for name, value in found.items()}


class Measured(NamedTuple):
    """Of one round: the first words' overheads in milliseconds, and who was not told everything."""

    overheads: list[float]
    failures: dict[int, str]


def _measured(provider: fake.Handle, run: Callable[[], arrivals.Outcomes]) -> Measured:
    provider.forget()
    outcomes = run()
    wrong = arrivals.failures(outcomes, provider)
    for number, why in wrong.items():
        print(f"stream {number} failed: {why}", file=sys.stderr)
    return Measured(arrivals.overheads(outcomes, provider), wrong)


def _figures(told: Measured, name: str) -> dict[str, float]:
    return {f"ttft_overhead_ms_p{percent}_{name}": percentile(told.overheads, percent) for percent in (50, 95)}
