"""`fleet_migrate` beside others: schemas in use, gone, killed or migrated meanwhile; nothing is left half done."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable

import psycopg
import pytest

from tenants import pool
from tests.fleet.fleet import COLOR, Fleet, insert_item
from tests.servers import ROOT

pytestmark = pytest.mark.committed
SLOW = """
import sys, time
def wait(apps, editor):
    time.sleep(0.7)
    if apps.get_model("library", "Item").objects.filter(title="leave").exists():
        sys.exit("not here")
---
    operations = [
        migrations.RunPython(wait),
        migrations.AddField("item", "color", models.CharField(max_length=7, default="", db_default="")),
    ]
"""


def _whole(fleet: Fleet) -> None:
    for schema in fleet.schemas:
        assert (schema in fleet.having("color")) == (("library", "0900_slow") in fleet.applied(schema))


def _first_done(fleet: Fleet) -> None:
    deadline = time.monotonic() + 30
    while not fleet.having("color") and time.monotonic() < deadline:
        time.sleep(0.05)


def test_interrupted_and_cut_off(a_fleet: Callable[..., Fleet]) -> None:
    fleet = a_fleet(6, 0)
    fleet.code("library", **{"0900_slow": SLOW})
    running = fleet.start("fleet_migrate", "--json", "--jobs", "1")
    _first_done(fleet)
    running.send_signal(signal.SIGINT)
    out, _err = running.communicate(timeout=30)
    done = len(fleet.having("color"))
    assert running.returncode == 1 and 0 < done < 6
    assert f'"migrated": {done}' in out and f'"not_tried": {6 - done}' in out
    _whole(fleet)
    # Its connections are ended, and one schema's Python ends the thread: no schema is lost on the way.
    left = [schema for schema in fleet.schemas if schema not in fleet.having("color")]
    insert_item(fleet, left[-1], "leave")
    running = fleet.start("fleet_migrate", "--json", "--jobs", "1", "--resume")
    while len(fleet.having("color")) == done:
        time.sleep(0.05)
    fleet.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = 'ruche_owner'"
        " AND pid <> pg_backend_pid()",
        fleet.database,
    )
    out, err = running.communicate(timeout=60)
    assert f'"migrated": {len(left) - 1}' in out and "SystemExit: not here" in out, err
    assert fleet.having("color") == set(fleet.schemas) - {left[-1]}
    _whole(fleet)


def test_deleted_and_made_and_migrated_by_another_meanwhile(a_fleet: Callable[..., Fleet]) -> None:
    fleet = a_fleet(3, 1)
    fleet.code("library", **{"0900_slow": SLOW})
    running = fleet.start("fleet_migrate", "--json", "--jobs", "1")
    _first_done(fleet)
    gone = fleet.workspaces.pop("ruche-2")
    with psycopg.connect(fleet.owner_url) as owner:
        owner.execute("DELETE FROM tenants_readyschema WHERE schema_name = %s", [gone])
        owner.execute("DELETE FROM tenants_tenant WHERE schema_name = %s", [gone])
        owner.execute(f'DROP SCHEMA "{gone}" CASCADE'.encode())
        fleet.ready.append(pool._create(owner))
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, out + err
    assert fleet.having("color") == set(fleet.schemas)
    assert fleet.sql("SELECT 1 FROM public.tenants_schemafailure") == []


def test_a_first_in_use_does_not_hold_up_the_rest(a_fleet: Callable[..., Fleet]) -> None:
    fleet = a_fleet(4, 0)
    used = fleet.workspaces["ruche-0"]
    fleet.code("library", **{"0900_color": COLOR})
    with psycopg.connect(fleet.owner_url) as user:
        user.execute(f'SELECT count(*) FROM "{used}".library_item'.encode())
        running = fleet.start("fleet_migrate", "--json")
        deadline = time.monotonic() + 30
        while len(fleet.having("color")) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert fleet.having("color") == set(fleet.schemas) - {used}
    out, err = running.communicate(timeout=60)
    assert (running.returncode, fleet.having("color")) == (0, set(fleet.schemas)), out + err


TAKEN = """
import django; django.setup()
from django.db import transaction
from tenants import pool
from tenants.context import public_context
with public_context(), transaction.atomic():
    print(pool.take_ready_schema().pk, pool._is_short(2), end="")
"""


def test_a_ready_schema_that_failed_is_not_taken(a_fleet: Callable[..., Fleet]) -> None:
    fleet = a_fleet(0, 2)
    oldest, good = fleet.ready
    fleet.sql(f'ALTER TABLE "{oldest}".library_item ADD COLUMN color int')
    fleet.code("library", **{"0900_color": COLOR})
    assert [failure["schema"] for failure in fleet.migrate("--resume")["failed"]] == [oldest]
    command, kept = [sys.executable, "-c", TAKEN], fleet.environment()
    done = subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, check=True)
    assert done.stdout == f"{good} True"


def test_a_schema_in_use_waits_its_turn_and_holds_up_nobody(a_fleet):
    fleet = a_fleet(4, 1)
    used = fleet.workspaces["ruche-0"]
    fleet.code("library", **{"0900_color": COLOR})
    with psycopg.connect(fleet.owner_url) as user:
        user.execute(f'SELECT count(*) FROM "{used}".library_item'.encode())
        running = fleet.start("fleet_migrate", "--json")
        deadline = time.monotonic() + 30
        while len(fleet.having("color")) < 4 and time.monotonic() < deadline:
            time.sleep(0.2)
        # Everybody else is done while it is still in use.
        assert fleet.having("color") == set(fleet.schemas) - {used}
        time.sleep(2.5)
        user.rollback()
    out, err = running.communicate(timeout=60)
    assert running.returncode == 0, err
    assert '"migrated": 5' in out and '"retries": 0' not in out
    assert fleet.having("color") == set(fleet.schemas)


def test_killed_in_the_middle_nothing_is_half_done(a_fleet):
    fleet = a_fleet(6, 0)
    held = fleet.workspaces["ruche-3"]
    fleet.code("library", **{"0900_color": COLOR})
    with psycopg.connect(fleet.owner_url) as user:
        user.execute(f'LOCK TABLE "{held}".library_item IN ACCESS EXCLUSIVE MODE'.encode())
        running = fleet.start("fleet_migrate", "--json", "--jobs", "1")
        deadline = time.monotonic() + 30
        while not fleet.sql("SELECT 1 FROM pg_locks WHERE NOT granted") and time.monotonic() < deadline:
            time.sleep(0.05)
        running.send_signal(signal.SIGKILL)
        running.wait()
    # What the server had been told whole it may still do.
    others = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while fleet.sql(others) and time.monotonic() < deadline:
        time.sleep(0.05)
    for schema in fleet.schemas:
        has = ("library", "0900_color") in fleet.applied(schema)
        assert has == ("color" in fleet.columns(schema, "library_item"))
    assert fleet.having("color") != set(fleet.schemas)
    told = fleet.migrate("--resume")
    assert (told["exit"], fleet.having("color")) == (0, set(fleet.schemas))


def test_only_one_at_a_time(a_fleet):
    fleet = a_fleet(1, 0)
    from tenants.fleet.run import _LOCK

    with psycopg.connect(fleet.owner_url) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        told = fleet.migrate()
    assert (told["exit"], told["code"]) == (1, "running")


def test_a_schema_that_is_gone_is_named(a_fleet):
    fleet = a_fleet(2, 0)
    fleet.sql(f'DROP SCHEMA "{fleet.workspaces["ruche-1"]}" CASCADE')
    fleet.code("library", **{"0900_color": COLOR})
    told = fleet.migrate()
    assert (told["exit"], told["missing"], told["migrated"]) == (1, [fleet.workspaces["ruche-1"]], 1)
