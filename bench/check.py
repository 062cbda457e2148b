"""Comparison of measurements with bounds.json."""

import json
from pathlib import Path
from typing import Any

BOUNDS = Path(__file__).with_name("bounds.json")


def violations(measured: dict[str, Any], bounds: dict[str, dict[str, float]]) -> list[str]:
    """A line for each figure that is out of bounds or was not measured."""
    problems = []
    for name, bound in bounds.items():
        value = _at(measured, name)
        if value is None:
            problems.append(f"{name}: not measured")
        elif value < bound.get("at_least", value) or value > bound.get("at_most", value):
            bounds_text = ", ".join(f"{kind.replace('_', ' ')} {limit:g}" for kind, limit in bound.items())
            problems.append(f"{name}: {value:g} ({bounds_text})")
    return problems


def _at(measured: dict[str, Any], name: str) -> float | None:
    value: Any = measured
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def check(latest: Path) -> int:
    """Print the violations; returns the exit status."""
    if not latest.exists():
        print(f"{latest.name} is not there: run `make bench` first")
        return 1
    failures = violations(
        json.loads(latest.read_text(encoding="utf-8")), json.loads(BOUNDS.read_text(encoding="utf-8"))
    )
    for line in failures:
        print(f"out of bounds  {line}")
    print("bench: failed" if failures else "bench: all within bounds")
    return 1 if failures else 0
