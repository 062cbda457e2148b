"""Creation of a workspace's schema: stock django-tenants compared with the replay of the baseline.

`python -m bench.provisioning migrate_schemas ROUNDS` is the part that connects as the owner (the settings choose the
role by the name of the command); it prints JSON.
"""

import json
import os
import secrets
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg

from bench.figures import spread, stopwatch, timed
from bench.servers import ROOT

REPLAYS_A_ROUND = 4
CLAIMS_A_ROUND = 6
# ext4 scans recently freed inodes when it creates a file: after the DROP DATABASE of an earlier run, the first 200
# schemas take up to three times as long, with either method.
WARM_UP = 200


def measure(rounds: int) -> dict[str, Any]:
    """Both methods alternately in a child process, and calls of `tenant_create` in this one."""
    command = [sys.executable, "-m", "bench.provisioning", "migrate_schemas", str(rounds)]
    ready, fresh, claims = _calls(rounds)
    child = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    results = json.loads(child.stdout.splitlines()[-1])
    # Ratios within a round, so that a slow phase of the machine affects both sides.
    pool = spread([stock / statistics.median(claims) for stock in results["stock"]], 0)
    replay, creation = spread(results["replay_ratios"]), spread(results["creation_ratios"])
    return {
        "schema_pool_vs_stock": pool["median"],
        "schema_replay_vs_stock": replay["median"],
        "make_ready_schema_vs_stock": creation["median"],
        "whole_call_ms": ready["median"],
        "tables": results["tables"],
        "spread": {
            "schema_pool_vs_stock": pool,
            "schema_replay_vs_stock": replay,
            "make_ready_schema_vs_stock": creation,
            "stock_ms": spread(results["stock"]),
            "schema_pool_ms": spread(claims, 2),
            "schema_replay_ms": spread(results["replay"]),
            "make_ready_schema_ms": spread(results["creation"]),
            "whole_call_ms": ready,
            "whole_call_with_no_schema_ready_ms": fresh,
        },
    }


def _calls(rounds: int) -> tuple[dict[str, Any], dict[str, Any], list[float]]:
    """Durations of `tenant_create` (with Argon2) with a ready schema and without one, and of claiming a ready schema.

    In milliseconds.
    """
    from tenants.context import public_context
    from tenants.pool import create_ready_schema
    from tenants.services import tenant_create

    def call() -> None:
        slug = _slug()
        tenant_create(slug=slug, name="Mesure", email=f"x@{slug}.test", password="un-mot-de-passe-solide")

    call()
    ready: list[float] = []
    fresh: list[float] = []
    with public_context():
        for _ in range(2 * rounds):
            timed(call, fresh)
            create_ready_schema()
            timed(call, ready)
        claims = [_claim() for _ in range(CLAIMS_A_ROUND * rounds)]
    return spread(ready), spread(fresh), claims


def _slug() -> str:
    return f"mesure-{secrets.token_hex(4)}"


def _claim() -> float:
    """Milliseconds to claim a ready schema, up to the commit, instead of stock's CREATE SCHEMA and migrate.

    The workspace's row exists before, as with stock.
    """
    from django.db import transaction

    from tenants.models import Tenant
    from tenants.pool import create_ready_schema, take_ready_schema

    create_ready_schema()
    tenant = Tenant(slug=_slug(), name="Mesure", email="x@mesure.test", schema_name=f"w_{secrets.token_hex(6)}")
    tenant.save(force_insert=True)
    milliseconds: list[float] = []
    with stopwatch(milliseconds), transaction.atomic():
        ready = take_ready_schema()
        ready.tenant = tenant
        ready.save(update_fields=["tenant"])
    # Set the schema name of the row, for code that iterates over all workspaces.
    Tenant.objects.filter(pk=tenant.pk).update(schema_name=ready.schema_name)
    return milliseconds[0]


# -- as the owner, in a separate process


def _as_owner(rounds: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings

    from tenants.sql import owner_parameters

    # Without the grants of our post_migrate hook, on both sides.
    settings.RUNS_AS_OWNER = False
    results: dict[str, list[float]] = {
        "stock": [],
        "replay": [],
        "creation": [],
        "replay_ratios": [],
        "creation_ratios": [],
    }
    with psycopg.connect(**owner_parameters()) as owner:
        # Work done once per process is not measured.
        _load()
        for _ in range(WARM_UP):
            _replay(owner, [])
        for _ in range(rounds):
            _round(owner, results)
    return {**results, "tables": _same_tables()}


def _round(owner: psycopg.Connection, results: dict[str, list[float]]) -> None:
    _stock(results["stock"])
    replayed: list[float] = []
    created: list[float] = []
    for _ in range(REPLAYS_A_ROUND):
        _replay(owner, replayed)
        _make_ready_schema(created)
    results["replay_ratios"].append(results["stock"][-1] / statistics.median(replayed))
    results["creation_ratios"].append(results["stock"][-1] / statistics.median(created))
    results["replay"] += replayed
    results["creation"] += created


def _load() -> None:
    """Import all migrations and build the graph without creating a schema, which would take half a minute."""
    from django.core.management import call_command

    from tenants.context import public_context

    with public_context(), Path(os.devnull).open("w") as nowhere:
        call_command("showmigrations", "--plan", stdout=nowhere)


def _stock(milliseconds: list[float]) -> None:
    """`TenantMixin.create_schema(sync_schema=True)`: CREATE SCHEMA, then migrate it, in this process."""
    from django.core.management import call_command
    from django.db import connection

    from tenants.baseline_build import _INSERT_TENANT
    from tenants.context import public_context

    name = f"w_{secrets.token_hex(6)}"
    stand_in = _INSERT_TENANT.replace("'baseline'", f"'{name.replace('_', '-')}'")
    with public_context():
        with connection.cursor() as cursor:
            # `migrate_schemas` looks up the schema by the workspace's row.
            cursor.execute(stand_in, [name])
        with stopwatch(milliseconds):
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE SCHEMA "{name}"')
            call_command("migrate_schemas", tenant=True, schema_name=name, interactive=False, verbosity=0)


def _replay(owner: psycopg.Connection, milliseconds: list[float]) -> None:
    """Replay of the baseline on a connection of the owner, up to the commit."""
    from tenants import baseline

    with stopwatch(milliseconds):
        baseline.replay_tenant(owner, f"w_{secrets.token_hex(6)}")
        owner.commit()


def _make_ready_schema(milliseconds: list[float]) -> None:
    """The whole function, with its own connection, grants and the row of the ready schema."""
    from tenants.pool import create_ready_schema

    timed(create_ready_schema, milliseconds)


def _same_tables() -> int:
    """Number of tables of a schema. Fails unless both methods create the same number."""
    from django.db import connection

    from tenants.context import public_context

    with public_context(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT count(*) FROM pg_tables WHERE schemaname LIKE %s GROUP BY schemaname", ["w\\_%"]
        )
        counts = [int(row[0]) for row in cursor.fetchall()]
    assert len(counts) == 1, f"schemas differ in their number of tables: {counts}"
    return counts[0]


if __name__ == "__main__":
    print(json.dumps(_as_owner(int(sys.argv[2]))))
