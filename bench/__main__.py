"""`python -m bench [--quick | --full] [--check]` measures; `python -m bench check` checks the last results."""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

from bench import servers
from bench.check import check
from bench.figures import table

PARTS = ("provisioning", "fleet", "request", "landing", "streams", "quota")
LATEST = servers.STATE / "latest.json"


class Size(NamedTuple):
    """Size of each part. Rounds of stock django-tenants, half a minute per schema, take most of the time."""

    rounds: int  # of provisioning
    requests: int  # of each kind, in a round
    streams: int  # at once
    operations: int  # reservations
    schemas: int  # of the fleet
    sampled: int  # schemas that stock migrates, for each migration


SIZES = {
    "quick": Size(rounds=1, requests=300, streams=40, operations=900, schemas=1000, sampled=2),
    "usual": Size(rounds=2, requests=500, streams=100, operations=2400, schemas=1000, sampled=3),
    "full": Size(rounds=10, requests=2000, streams=200, operations=15000, schemas=2000, sampled=10),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["measure", "check"], default="measure")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--full", action="store_true", help="many rounds")
    parser.add_argument("--check", action="store_true", help="measure quickly, then check")
    options = parser.parse_args()
    if options.command == "check":
        return check(LATEST)
    size = "full" if options.full else "quick" if options.quick or options.check else "usual"
    results = _measure(size)
    _write(LATEST, results)
    _print(results)
    return check(LATEST) if options.check else 0


def _measure(size: str) -> dict[str, Any]:
    started = time.monotonic()
    sizes = SIZES[size]
    load = os.getloadavg()[0]
    with servers.environment():
        import django

        django.setup()
        from django.db import connection, connections

        from bench import fleet, landing, provisioning, quota, request, streams

        servers.prepare_database()
        try:
            results = {
                "provisioning": provisioning.measure(sizes.rounds),
                "request": request.measure(sizes.requests),
                "landing": landing.measure(sizes.requests),
                "quota": quota.measure(sizes.operations),
                "streams": streams.measure(sizes.streams),
                # Last, because deleting its many schemas slows down the file system.
                "fleet": fleet.measure(sizes.schemas, sizes.sampled),
            }
        finally:
            connections.close_all()
            connection.close_pool()  # type: ignore[attr-defined]
    machine = {"processors": os.cpu_count(), "python": platform.python_version(), "load_before": round(load, 2)}
    return {**results, "size": size, "seconds": round(time.monotonic() - started), "machine": machine}


def _write(path: Path, results: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def _print(results: dict[str, Any]) -> None:
    print(table({name: results[name] for name in PARTS}))
    print(f"\n{results['seconds']} s, {results['machine']}; written to .ruche/bench/latest.json")


if __name__ == "__main__":
    sys.exit(main())
