"""`python -m bench [--quick | --full] [--check]` measures; `python -m bench check` judges the last measure."""

import argparse
import json
import os
import platform
import sys
import time
from pathlib import Path
from typing import Any

from bench import servers
from bench.check import check

LATEST = servers.STATE / "latest.json"
# Rounds of provisioning, streams at once, reservations.
SIZES = {"quick": (3, 40, 800), "usual": (7, 100, 2400), "full": (20, 200, 16000)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["measure", "check"], default="measure")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--full", action="store_true", help="many rounds")
    parser.add_argument("--check", action="store_true", help="measure quickly, then judge")
    options = parser.parse_args()
    if options.what == "check":
        return check(LATEST)
    size = "full" if options.full else "quick" if options.quick or options.check else "usual"
    measured = _measure(size)
    _write(LATEST, measured)
    _print(measured)
    return check(LATEST) if options.check else 0


def _measure(size: str) -> dict[str, Any]:
    begun = time.monotonic()
    rounds, streams_at_once, operations = SIZES[size]
    load = os.getloadavg()[0]
    with servers.environment():
        import django

        django.setup()
        from django.db import connection, connections

        from bench import provisioning, quota, streams

        servers.fill()
        try:
            measured = {
                "provisioning": provisioning.measure(rounds),
                "quota": quota.measure(operations),
                "streams": streams.measure(streams_at_once),
            }
        finally:
            connections.close_all()
            connection.close_pool()  # type: ignore[attr-defined]
    machine = {"processors": os.cpu_count(), "python": platform.python_version(), "load_before": round(load, 2)}
    return {**measured, "size": size, "seconds": round(time.monotonic() - begun), "machine": machine}


def _write(path: Path, measured: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")


def _print(measured: dict[str, Any]) -> None:
    for section in ("provisioning", "streams", "quota"):
        print(f"\n{section}")
        for name, value in measured[section].items():
            if name != "spread":
                print(f"  {name:<36}{value:>12}")
        for name, value in measured[section].get("spread", {}).items():
            line = f"{value['median']:>12}   {value['min']} to {value['max']}, {value['n']} times"
            print(f"  {name:<36}{line}")
    print(f"\n{measured['seconds']} s, {measured['machine']}; written to .ruche/bench/latest.json")


if __name__ == "__main__":
    sys.exit(main())
