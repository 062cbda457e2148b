"""A migration of many workspaces: `fleet_migrate` over all, against stock `migrate_schemas` on a few of the same.

In a database of its own, whose catalogue is as large as that many workspaces make it, for stock slows down with it.
`python -m bench.fleet migrate_schemas COUNT SAMPLED` is the part that connects as the owner; its figures are JSON.
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
    """`count` workspaces; stock makes each migration in `sampled` of them (and once uncounted), ours in all others."""
    with servers.database_of_its_own("fleet") as urls, scratch.copied() as found:
        command = [sys.executable, "-m", "bench.fleet", "migrate_schemas", str(count), str(sampled)]
        child = subprocess.run(
            command, cwd=servers.ROOT, env=os.environ | urls | found, stdout=subprocess.PIPE, text=True, check=True
        )
    return _figures(json.loads(child.stdout.splitlines()[-1]))


def _figures(found: dict[str, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    spreads: dict[str, Any] = {}
    for kind in scratch.KINDS:
        stock, ours = found["stock"][kind], found["ours"][kind]
        ratio = spread([one / 1000 * ours["migrated"] / ours["seconds"] for one in stock], 0)
        figures |= {f"{kind}_vs_stock": ratio["median"], f"{kind}_seconds": ours["seconds"]}
        spreads |= {f"{kind}_vs_stock": ratio, f"{kind}_stock_ms_a_schema": spread(stock, 0)}
    with_start = found["ours"]["addfield"]["with_start"]
    return {**figures, "schemas": found["schemas"], "addfield_seconds_with_start": with_start, "spread": spreads}


# -- as the owner, in a process of its own


def _as_owner(count: int, sampled: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings

    from tenants.first_run import bring_up_to_date
    from tenants.sql import owner_parameters

    bring_up_to_date()
    with psycopg.connect(**owner_parameters()) as owner:
        made = [one.schema_name for one in workspaces.make(owner, count, "flotte", settings.BASE_HOST)]
    # What our hook adds to each of stock's schemas (rights, the digest) is not stock's.
    settings.RUNS_AS_OWNER = False
    samples = [made[place * count // (sampled + 1)] for place in range(sampled + 1)]
    found: dict[str, Any] = {"stock": {}, "ours": {}, "schemas": count}
    for kind in scratch.KINDS:
        scratch.add(kind, scratch.here())
        _stock("public")
        found["stock"][kind] = [_stock(name) for name in samples][1:]
        found["ours"][kind] = _ours(count - len(samples))
    return found


def _stock(schema_name: str) -> float:
    """Milliseconds of `migrate_schemas` for one schema, in this process: neither its start nor its imports count."""
    from django.core.management import call_command

    from tenants.context import public_context

    took: list[float] = []
    with public_context(), stopwatch(took):
        call_command("migrate_schemas", schema_name=schema_name, interactive=False, verbosity=0)
    return took[0]


def _ours(behind: int) -> dict[str, float]:
    """The whole command, as an operator calls it: its own seconds, and those with the start of its process."""
    begun = time.monotonic()
    command = [sys.executable, "manage.py", "fleet_migrate", "--json"]
    done = subprocess.run(command, cwd=servers.ROOT, capture_output=True, text=True)
    seconds = time.monotonic() - begun
    if done.returncode:
        raise RuntimeError(f"fleet_migrate failed:\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    told = json.loads(done.stdout)
    if told["migrated"] != behind:
        raise RuntimeError(f"{told['migrated']} of {behind} schemas were migrated")
    return {"migrated": behind, "seconds": told["seconds"], "with_start": round(seconds, 2)}


if __name__ == "__main__":
    print(json.dumps(_as_owner(int(sys.argv[2]), int(sys.argv[3]))))
