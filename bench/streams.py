"""Streaming of concurrent answers, begun over 10 and 20 s, on a quiet and a busy machine, with one web process."""

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
    """Answers begun over `seconds`, beside `loops` busy processes."""

    name: str
    seconds: float
    loops: int


ROUNDS = (
    Round("10_s", 10.0, 0),
    Round("20_s", 20.0, 0),
    Round("10_s_busy", 10.0, BUSY_LOOPS),
    Round("20_s_busy", 20.0, BUSY_LOOPS),
)
# The round that is compared with the relay.
COMPARED_ROUND = "20_s"


class Memory(threading.Thread):
    """Maximum resident memory of a process in bytes, sampled five times a second."""

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
    """Single answers, then `count` in each round; for the relay single answers and one round."""
    provider = fake.start(urlsplit(os.environ["OPENAI_BASE_URL"]).port or 0)
    try:
        ours = _ruche_figures(count, provider)
        relay = _relay_figures(count, provider)
    finally:
        provider.stop()
    alone, p50, p95 = (
        "ttft_overhead_alone_ms_p50",
        f"ttft_overhead_ms_p50_{COMPARED_ROUND}",
        f"ttft_overhead_ms_p95_{COMPARED_ROUND}",
    )
    return {
        "count": count,
        **ours,
        **relay,
        "ttft_alone_vs_relay": round(ours[alone] / relay[f"relay_{alone}"], 2),
        "ttft_p50_vs_relay": round(ours[p50] / relay[f"relay_{p50}"], 2),
        "ttft_p95_vs_relay": round(ours[p95] / relay[f"relay_{p95}"], 2),
    }


def _ruche_figures(count: int, provider: fake.Handle) -> dict[str, Any]:
    web = Web(int(settings.BASE_PORT[1:]), Path(settings.RUCHE_STATE_DIR) / "web.log")
    figures: dict[str, Any] = {}
    try:
        web.start()
        with public_context():
            workspace_pair = [workspaces.make(slug, members=4) for slug in ("flux-a", "flux-b")]
        # Warm-up: the first answer of a process loads modules and caches.
        arrivals.ask_ruche(web.port, workspace_pair, 2, ALONE_WORDS, None)
        alone = _measured(provider, partial(arrivals.ask_ruche, web.port, workspace_pair, ALONE, ALONE_WORDS, None))
        with Memory(web.pid) as memory:
            for round_ in ROUNDS:
                with arrivals.busy_loops(round_.loops):
                    result = _measured(
                        provider, partial(arrivals.ask_ruche, web.port, workspace_pair, count, WORDS, round_.seconds)
                    )
                figures |= _figures(result, round_.name)
                figures[f"failed_{round_.name}"] = len(result.failures)
    finally:
        web.stop()
    return {
        "failed": sum(figures[f"failed_{round_.name}"] for round_ in ROUNDS),
        "rss_mb": round(memory.most / 1e6, 1),
        "ttft_overhead_alone_ms_p50": percentile(alone.overheads, 50),
        **figures,
    }


def _relay_figures(count: int, provider: fake.Handle) -> dict[str, Any]:
    web = Web(free_port(), Path(settings.RUCHE_STATE_DIR) / "relay.log", application="bench.relay:application")
    try:
        web.start()
        arrivals.ask_relay(web.port, 2, ALONE_WORDS, None)
        alone = _measured(provider, partial(arrivals.ask_relay, web.port, ALONE, ALONE_WORDS, None))
        seconds = next(round_.seconds for round_ in ROUNDS if round_.name == COMPARED_ROUND)
        result = _measured(provider, partial(arrivals.ask_relay, web.port, count, WORDS, seconds))
    finally:
        web.stop()
    figures = {"ttft_overhead_alone_ms_p50": percentile(alone.overheads, 50), **_figures(result, COMPARED_ROUND)}
    return {f"relay_{name}": value for name, value in figures.items()}


class Measured(NamedTuple):
    """Results of one round: overheads of the first words in milliseconds, and failed tabs."""

    overheads: list[float]
    failures: dict[int, str]


def _measured(provider: fake.Handle, run: Callable[[], arrivals.Outcomes]) -> Measured:
    provider.forget()
    outcomes = run()
    wrong = arrivals.failures(outcomes, provider)
    for number, why in wrong.items():
        print(f"stream {number} failed: {why}", file=sys.stderr)
    return Measured(arrivals.overheads(outcomes, provider), wrong)


def _figures(result: Measured, name: str) -> dict[str, float]:
    return {f"ttft_overhead_ms_p{percent}_{name}": percentile(result.overheads, percent) for percent in (50, 95)}
