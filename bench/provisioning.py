"""A workspace's schema: what stock django-tenants does when a tenant is saved, against the replay of the baseline.

`python -m bench.provisioning migrate_schemas ROUNDS` is the part that connects as the owner (settings take the role
from the name of the command); it prints its figures as JSON.
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
# ext4 passes over every inode freed in the last minutes, one by one, at each file it makes: after an earlier run's
# DROP DATABASE the first two hundred schemas cost up to three times as much, whichever way they are made.
UNCOUNTED = 200


def measure(rounds: int) -> dict[str, Any]:
    """Both ways in turn in one process; then whole calls of `tenant_create` in this one."""
    command = [sys.executable, "-m", "bench.provisioning", "migrate_schemas", str(rounds)]
    ready, fresh, claims = _calls(rounds)
    child = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(child.stdout.splitlines()[-1])
    # Each round's stock against the replays beside it: what slows the machine for a while slows both.
    pool = spread([stock / statistics.median(claims) for stock in found["stock"]], 0)
    replay, made = spread(found["ratios"]), spread(found["whole_ratios"])
    return {
        "schema_pool_vs_stock": pool["median"],
        "schema_replay_vs_stock": replay["median"],
        "make_ready_schema_vs_stock": made["median"],
        "whole_call_ms": ready["median"],
        "tables": found["tables"],
        "spread": {
            "schema_pool_vs_stock": pool,
            "schema_replay_vs_stock": replay,
            "make_ready_schema_vs_stock": made,
            "stock_ms": spread(found["stock"]),
            "schema_pool_ms": spread(claims, 2),
            "schema_replay_ms": spread(found["replay"]),
            "make_ready_schema_ms": spread(found["whole"]),
            "whole_call_ms": ready,
            "whole_call_with_no_schema_ready_ms": fresh,
        },
    }


def _calls(rounds: int) -> tuple[dict[str, Any], dict[str, Any], list[float]]:
    """`tenant_create`, Argon2 included, with a schema that stood ready and with none (it makes one first); and the
    schema's part of it where one stands ready, in milliseconds.
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
    """A ready schema taken by its row, to the commit: what stands where stock has CREATE SCHEMA and migrate.

    The workspace's own row is there before, as it is when stock begins.
    """
    from django.db import transaction

    from tenants.models import Tenant
    from tenants.pool import create_ready_schema, take_ready_schema

    create_ready_schema()
    tenant = Tenant(slug=_slug(), name="Mesure", email="x@mesure.test", schema_name=f"w_{secrets.token_hex(6)}")
    tenant.save(force_insert=True)
    took: list[float] = []
    with stopwatch(took), transaction.atomic():
        ready = take_ready_schema()
        ready.tenant = tenant
        ready.save(update_fields=["tenant"])
    # The row shall name the schema that it took, for whoever goes through all of them.
    Tenant.objects.filter(pk=tenant.pk).update(schema_name=ready.schema_name)
    return took[0]


# -- as the owner, in a process of its own


def _as_owner(rounds: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings

    from tenants.sql import owner_parameters

    # Without the rights our post_migrate hook grants: the schema alone, on both sides.
    settings.RUNS_AS_OWNER = False
    found: dict[str, list[float]] = {"stock": [], "replay": [], "whole": [], "ratios": [], "whole_ratios": []}
    with psycopg.connect(**owner_parameters()) as owner:
        # Neither pays for what a process does once.
        _load()
        for _ in range(UNCOUNTED):
            _replay(owner, [])
        for _ in range(rounds):
            _round(owner, found)
    return {**found, "tables": _same_tables()}


def _round(owner: psycopg.Connection, found: dict[str, list[float]]) -> None:
    _stock(found["stock"])
    replayed: list[float] = []
    whole: list[float] = []
    for _ in range(REPLAYS_A_ROUND):
        _replay(owner, replayed)
        _make_ready_schema(whole)
    found["ratios"].append(found["stock"][-1] / statistics.median(replayed))
    found["whole_ratios"].append(found["stock"][-1] / statistics.median(whole))
    found["replay"] += replayed
    found["whole"] += whole


def _load() -> None:
    """All migrations imported, the graph built, no schema made: a whole one would cost half a minute of every run."""
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
            # It finds the schema to migrate by its workspace's row.
            cursor.execute(stand_in, [name])
        with stopwatch(milliseconds):
            with connection.cursor() as cursor:
                cursor.execute(f'CREATE SCHEMA "{name}"')
            call_command("migrate_schemas", tenant=True, schema_name=name, interactive=False, verbosity=0)


def _replay(owner: psycopg.Connection, milliseconds: list[float]) -> None:
    """The same, replayed on a connection of the owner's, to its commit."""
    from tenants import baseline

    with stopwatch(milliseconds):
        baseline.replay_tenant(owner, f"w_{secrets.token_hex(6)}")
        owner.commit()


def _make_ready_schema(milliseconds: list[float]) -> None:
    """As it is called: a connection of its own, the rights and the row that says "ready" are counted too."""
    from tenants.pool import create_ready_schema

    timed(create_ready_schema, milliseconds)


def _same_tables() -> int:
    """How many tables a schema has; both ways make as many, or the comparison is of unlike things."""
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
