"""Statistics of several rounds, timers, and the table for the terminal."""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def spread(values: Sequence[float], digits: int = 1) -> dict[str, Any]:
    """Median, minimum, maximum and count. A wide spread means that the machine was busy."""
    low, high = min(values), max(values)
    middle = statistics.median(values)
    return {"median": round(middle, digits), "min": round(low, digits), "max": round(high, digits), "n": len(values)}


def percentile(values: Sequence[float], percent: int) -> float:
    """The percentile of the values (nearest rank), rounded to one digit."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)


@contextmanager
def stopwatch(milliseconds: list[float]) -> Iterator[None]:
    """Append the duration of its block to `milliseconds`."""
    begun = time.perf_counter()
    yield
    milliseconds.append((time.perf_counter() - begun) * 1000)


def timed(action: Callable[[], object], milliseconds: list[float]) -> None:
    with stopwatch(milliseconds):
        action()


def table(parts: dict[str, dict[str, Any]]) -> str:
    """Lines for a terminal: the figures of each part, with their spread if measured several times."""
    lines: list[str] = []
    for part, figures in parts.items():
        spreads = figures.get("spread", {})
        lines += ["", f"{part:<38}{'median':>12}   {'least':>10} {'most':>10} {'times':>6}"]
        for name, value in figures.items():
            if name != "spread" and name not in spreads:
                lines.append(f"  {name:<36}{value:>12}")
        for name, value in spreads.items():
            lines.append(f"  {name:<36}{value['median']:>12}   {value['min']:>10} {value['max']:>10} {value['n']:>6}")
    return "\n".join(lines)
