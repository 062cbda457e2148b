"""An installation of version 0.2 comes up to this code by `fleet_migrate`, with every row it had.

`version_0_2.sql.xz`: what `pg_dump` wrote of the demonstration of the last commit in which `billing` held plans and
usage too (f57d7fa): public and four workspaces, with subscriptions, promotion codes, thirty days of usage.
"""

import json
import lzma
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType

from embedded import postgres
from tenants.context import public_context
from tests.servers import ROOT, with_database

DUMP = Path(__file__).parent / "version_0_2.sql.xz"
# Written by every migration run: what is recorded, and what Django makes for models.
BOOKKEEPING = {
    "django_migrations",
    "django_content_type",
    "auth_permission",
    "tenants_appliedset",
    "tenants_readyschema",
}
WRITTEN_BY_A_RUN = {("public.tenants_tenant", "applied")}
READ_BY_THIS_CODE = """
import json
from billing.models import Subscription
from plans import entitlements
from plans.models import Plan, Price
from tenants.context import public_context
from tenants.models import Tenant
from usage.models import QuotaCounter, UsageEvent
from usage.selectors import gauge
from tenants.selectors import tenant_ref
from plans.types import AI_EUROS
from django.db.models import Sum

with public_context():
    tenants = [tenant_ref(key) for key in Tenant.objects.order_by("slug").values_list("pk", flat=True)]
    print(json.dumps({
        "plans": list(Plan.objects.order_by("code").values_list("code", flat=True)),
        "prices": Price.objects.count(),
        "seats": {one.slug: str(entitlements.for_tenant(one).limit("seats")) for one in tenants},
        "cost": str(UsageEvent.objects.aggregate(cost=Sum("cost"))["cost"]),
        "used": str(QuotaCounter.objects.filter(meter=AI_EUROS).aggregate(used=Sum("used"))["used"]),
        "subscribed": Subscription.objects.count(),
    }))
"""


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    """A database with the dump in it, dropped at the end."""
    name = f"ruche_upgrade_{os.getpid()}_{secrets.token_hex(3)}"
    owner_url = with_database(os.environ["DATABASE_OWNER_URL"], name)
    owner = psycopg.conninfo.conninfo_to_dict(owner_url)["user"]
    with psycopg.connect(with_database(os.environ["DATABASE_ADMIN_URL"], "postgres"), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"'.encode())
        try:
            with psycopg.connect(owner_url, autocommit=True) as connection:
                connection.execute("DROP SCHEMA public")
            restore = [postgres.binary("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", owner_url]
            subprocess.run(restore, input=lzma.decompress(DUMP.read_bytes()), check=True, capture_output=True)
            yield name
        finally:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def columns_of(database: str) -> dict[str, list[str]]:
    """Of each table of each schema, its columns; but those that a migration run writes itself."""
    with psycopg.connect(with_database(os.environ["DATABASE_OWNER_URL"], database)) as owner:
        rows = owner.execute(
            "SELECT table_schema || '.' || table_name, array_agg(column_name::text ORDER BY column_name)"
            " FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)"
            " WHERE table_type = 'BASE TABLE' AND (table_schema = 'public' OR table_schema LIKE 'w\\_%')"
            " GROUP BY 1"
        ).fetchall()
    return {
        table: [column for column in columns if (table, column) not in WRITTEN_BY_A_RUN]
        for table, columns in rows
        if table.split(".")[1] not in BOOKKEEPING
    }


def rows_of(database: str, columns: dict[str, list[str]]) -> dict[str, tuple[int, str]]:
    """Of each table, how many rows it has and a checksum of these columns of all of them."""
    found = {}
    with psycopg.connect(with_database(os.environ["DATABASE_OWNER_URL"], database)) as owner:
        for table, names in columns.items():
            row = "concat_ws('|', " + ", ".join(f'coalesce("{name}"::text, chr(1))' for name in names) + ")"
            schema, name = table.split(".")
            query = f"SELECT count(*), md5(coalesce(string_agg({row}, chr(10) ORDER BY {row}), ''))"
            found[table] = owner.execute(f'{query} FROM "{schema}"."{name}"'.encode()).fetchone() or (0, "")
    return found


def manage(database: str, *arguments: str, stdin: str = "") -> str:
    environment = os.environ | {
        key: with_database(os.environ[key], database) for key in ("DATABASE_URL", "DATABASE_OWNER_URL")
    }
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT, env=environment, input=stdin, text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def one(database: str, query: str) -> Any:
    with psycopg.connect(with_database(os.environ["DATABASE_OWNER_URL"], database)) as owner:
        return owner.execute(query.encode()).fetchall()


@pytest.mark.committed
@pytest.mark.slow
def test_a_database_of_version_0_2_migrates_with_every_row(database: str) -> None:
    columns = columns_of(database)
    before = rows_of(database, columns)
    assert before["public.billing_usageevent"][0] > 200 and before["public.billing_subscription"][0] == 3
    types = dict(one(database, "SELECT model, id FROM django_content_type WHERE app_label = 'billing'"))
    money = one(database, "SELECT sum(cost)::text FROM billing_usageevent")[0][0]
    used = one(database, "SELECT sum(used)::text FROM billing_quotacounter WHERE meter = 'ai_euros'")[0][0]

    manage(database, "fleet_migrate", "--jobs", "2")

    after = rows_of(database, columns)
    changed = {table: (rows, after.get(table)) for table, rows in before.items() if after.get(table) != rows}
    assert changed == {}
    moved = one(database, "SELECT model, id, app_label FROM django_content_type WHERE app_label IN ('plans', 'usage')")
    assert {model: app for model, _key, app in moved} == {
        **dict.fromkeys(("plan", "addon", "entitlement", "price", "override", "tenantaddon"), "plans"),
        **dict.fromkeys(("quotacounter", "quotanotice", "reservation", "usageevent"), "usage"),
    }
    assert all(types[model] == key for model, key, _app in moved)

    seen = json.loads(manage(database, "shell", "-v", "0", "-c", READ_BY_THIS_CODE).splitlines()[-1])
    assert seen == {
        "plans": ["pro", "scale", "starter"],
        "prices": before["public.billing_price"][0],
        "seats": {
            "brume": "3.000000000000",
            "demo": "15.000000000000",
            "rivoire": "15.000000000000",
            "tilleul": "3.000000000000",
        },
        "cost": money,
        "used": used,
        "subscribed": 3,
    }


@pytest.mark.committed
@pytest.mark.parametrize("app", ["plans", "usage"])
def test_a_content_type_made_before_the_migration_stays(people: Any, app: str) -> None:
    """A process of the new code may ask for one first: the migration must not fail on it."""
    migration = import_module(f"{app}.migrations.0001_initial")
    with public_context():
        model = migration.MODELS[0]
        former = ContentType.objects.create(app_label="billing", model=model)
        try:
            migration.move_content_types(apps, None)
            former.refresh_from_db()
            assert former.app_label == "billing"
            assert ContentType.objects.filter(app_label=app, model=model).count() == 1
        finally:
            former.delete()


@pytest.mark.committed
def test_a_second_run_finds_nothing_to_do(database: str) -> None:
    manage(database, "fleet_migrate")
    again = json.loads(manage(database, "fleet_migrate", "--json"))
    assert again["status"] == "current"
