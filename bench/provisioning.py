"""A workspace's schema: what stock django-tenants does when a tenant is saved, against the replay of the baseline.

`python -m bench.provisioning migrate_schemas ROUNDS` is the part that connects as the owner (settings take the role
from the name of the command); it prints its figures as JSON.
"""

import json
import secrets
import statistics
import subprocess
import sys
from typing import Any

import psycopg

from bench.figures import spread, stopwatch, timed
from bench.servers import ROOT

REPLAYS_A_ROUND = 4
# ext4 passes over every inode freed in the last minutes, one by one, at each file it makes: after an earlier run's
# DROP DATABASE the first two hundred schemas cost up to three times as much, whichever way they are made.
UNCOUNTED = 200


def measure(rounds: int) -> dict[str, Any]:
    """Both ways in turn in one process; then whole calls of `tenant_create` in this one."""
    command = [sys.executable, "-m", "bench.provisioning", "migrate_schemas", str(rounds)]
    ready, fresh, claim = _whole_calls(rounds)
    child = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    found = json.loads(child.stdout.splitlines()[-1])
    # Each round's stock against the replays beside it: what slows the machine for a while slows both.
    ratios = spread(found["ratios"])
    stock = spread(found["stock"])
    return {
        "schema_replay_vs_stock": ratios["median"],
        "make_ready_schema_vs_stock": round(stock["median"] / spread(found["whole"])["median"], 1),
        "schema_claim_vs_stock": round(stock["median"] / claim["median"], 1),
        "whole_call_ms": ready["median"],
        "tables": found["tables"],
        "spread": {
            "schema_replay_vs_stock": ratios,
            "stock_ms": stock,
            "replay_ms": spread(found["replay"]),
            "make_ready_schema_ms": spread(found["whole"]),
            "schema_claim_ms": claim,
            "whole_call_ms": ready,
            "whole_call_with_no_schema_ready_ms": fresh,
        },
    }


def _whole_calls(rounds: int) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """`tenant_create`, Argon2 included, with a schema that stood ready and with none (it makes one first); and the
    part of it in which a schema that stands ready becomes the workspace's own.
    """
    from tenants.context import public_context
    from tenants.services import make_ready_schema, tenant_create

    def call() -> None:
        slug = f"mesure-{secrets.token_hex(4)}"
        tenant_create(slug=slug, name="Mesure", email=f"x@{slug}.test", password="un-mot-de-passe-solide")

    call()
    ready: list[float] = []
    fresh: list[float] = []
    claim: list[float] = []
    with public_context():
        for _ in range(2 * rounds):
            timed(call, fresh)
            make_ready_schema()
            timed(call, ready)
            make_ready_schema()
            timed(_claim, claim)
    return spread(ready), spread(fresh), spread(claim)


def _claim() -> None:
    from django.db import transaction

    from tenants.services import _create_rows

    slug = f"mesure-{secrets.token_hex(4)}"
    with transaction.atomic():
        _create_rows(slug, "Mesure", f"x@{slug}.test", "starter", "fr")


# -- as the owner, in a process of its own


def _as_owner(rounds: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.conf import settings

    from tenants.sql import owner_parameters

    # Without the rights our post_migrate hook grants: the schema alone, on both sides.
    settings.RUNS_AS_OWNER = False
    found: dict[str, list[float]] = {"stock": [], "replay": [], "whole": [], "ratios": []}
    with psycopg.connect(**owner_parameters()) as owner:
        # Neither pays for what a process does once.
        _stock([])
        for _ in range(UNCOUNTED):
            _replay(owner, [])
        for _ in range(rounds):
            _round(owner, found)
    return {**found, "tables": _same_tables()}


def _round(owner: psycopg.Connection, found: dict[str, list[float]]) -> None:
    _stock(found["stock"])
    beside: list[float] = []
    for _ in range(REPLAYS_A_ROUND):
        _replay(owner, beside)
        _make_ready_schema(found["whole"])
    found["ratios"].append(found["stock"][-1] / statistics.median(beside))
    found["replay"] += beside


def _stock(milliseconds: list[float]) -> None:
    """`TenantMixin.create_schema(sync_schema=True)`: CREATE SCHEMA, then migrate it, in this process."""
    from django.core.management import call_command
    from django.db import connection

    from tenants.baseline_build import _STAND_IN
    from tenants.context import public_context

    name = f"w_{secrets.token_hex(6)}"
    stand_in = _STAND_IN.replace("'baseline'", f"'{name.replace('_', '-')}'")
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
    from tenants.services import make_ready_schema

    timed(make_ready_schema, milliseconds)


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
