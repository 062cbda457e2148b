"""Migration of many workspaces: `fleet_migrate` over all, compared with stock `migrate_schemas` on a sample.

Uses a separate database with that many schemas, because stock slows down as the catalogue grows.
`python -m bench.fleet migrate_schemas COUNT SAMPLED` is the part that connects as the owner; it prints JSON.
"""

import json
import os
import subprocess
import sys
import time
from typing import Any

import psycopg

from bench import scratch, servers, workspaces
from bench.figures import spread, stopwatch


def measure(count: int, sampled: int) -> dict[str, Any]:
    """Figures of `count` schemas: stock migrates `sampled` of them (and one uncounted), `fleet_migrate` the rest."""
    with servers.separate_database("fleet") as urls, scratch.copied_migrations() as environment:
        command = [sys.executable, "-m", "bench.fleet", "migrate_schemas", str(count), str(sampled)]
        child = subprocess.run(
            command,
            cwd=servers.ROOT,
            env=os.environ | urls | environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return _figures(json.loads(child.stdout.splitlines()[-1]))


def _figures(results: dict[str, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    spreads: dict[str, Any] = {}
    for kind in scratch.KINDS:
        stock, ours = results["stock"][kind], results["ours"][kind]
        ratio = spread([milliseconds / 1000 * ours["migrated"] / ours["seconds"] for milliseconds in stock], 0)
        figures |= {f"{kind}_vs_stock": ratio["median"], f"{kind}_seconds": ours["seconds"]}
        spreads |= {f"{kind}_vs_stock": ratio, f"{kind}_stock_ms_a_schema": spread(stock, 0)}
    with_start = results["ours"]["addfield"]["with_start"]
    return {**figures, "schemas": results["schemas"], "addfield_seconds_with_start": with_start, "spread": spreads}


# -- as the owner, in a separate process


def _as_owner(count: int, sampled: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings

    from tenants.first_run import bring_up_to_date
    from tenants.sql import owner_parameters

    bring_up_to_date()
    with psycopg.connect(**owner_parameters()) as owner:
        schema_names = [
            workspace.schema_name for workspace in workspaces.make(owner, count, "flotte", settings.BASE_HOST)
        ]
    # Without our post_migrate hook (grants, digest), which is not part of stock.
    settings.RUNS_AS_OWNER = False
    samples = [schema_names[place * count // (sampled + 1)] for place in range(sampled + 1)]
    results: dict[str, Any] = {"stock": {}, "ours": {}, "schemas": count}
    for kind in scratch.KINDS:
        scratch.add(kind, scratch.directory())
        _stock("public")
        results["stock"][kind] = [_stock(name) for name in samples][1:]
        results["ours"][kind] = _ours(count - len(samples))
    return results


def _stock(schema_name: str) -> float:
    """Milliseconds of `migrate_schemas` for one schema in this process, without start-up and imports."""
    from django.core.management import call_command

    from tenants.context import public_context

    milliseconds: list[float] = []
    with public_context(), stopwatch(milliseconds):
        call_command("migrate_schemas", schema_name=schema_name, interactive=False, verbosity=0)
    return milliseconds[0]


def _ours(behind: int) -> dict[str, float]:
    """Seconds of the whole command, as reported by itself and with the start of its process."""
    begun = time.monotonic()
    command = [sys.executable, "manage.py", "fleet_migrate", "--json"]
    done = subprocess.run(command, cwd=servers.ROOT, capture_output=True, text=True)
    seconds = time.monotonic() - begun
    if done.returncode:
        raise RuntimeError(f"fleet_migrate failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    report = json.loads(done.stdout)
    if report["migrated"] != behind:
        raise RuntimeError(f"{report['migrated']} of {behind} schemas were migrated")
    return {"migrated": behind, "seconds": report["seconds"], "with_start": round(seconds, 2)}


if __name__ == "__main__":
    print(json.dumps(_as_owner(int(sys.argv[2]), int(sys.argv[3]))))
