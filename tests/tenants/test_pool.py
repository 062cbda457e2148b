"""Schemas made ahead: never shared, never lost, and those that no row names are swept."""

import signal
import subprocess
import sys
import threading
import time

import pytest
from django.db import connections

from tenants import pool, services
from tenants.context import no_context, public_context
from tenants.fleet import applied
from tenants.models import ReadySchema, Tenant
from tenants.sql import owner_transaction
from tests.people import PASSWORD
from tests.servers import ROOT
from tests.tenants.test_edges import remove

pytestmark = pytest.mark.committed


def free() -> set[str]:
    with no_context(), public_context():
        return set(ReadySchema.objects.filter(tenant=None).values_list("schema_name", flat=True))


def standing() -> set[str]:
    with owner_transaction() as owner:
        return {row[0] for row in owner.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ '^w_'")}


def drop(*schemas: str) -> None:
    with owner_transaction() as owner:
        for name in schemas:
            owner.execute("DELETE FROM public.tenants_readyschema WHERE schema_name = %s", [name])
            owner.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE'.encode())


@pytest.fixture(autouse=True)
def as_before():
    before = free()
    yield
    drop(*(free() - before))


def test_several_that_refill_at_once_make_no_more_than_is_wanted(settings):
    settings.TENANT_POOL_SIZE = len(free()) + 3
    made = []

    def refill() -> None:
        with no_context():
            made.append(pool.refill_ready_schemas())
        connections.close_all()

    threads = [threading.Thread(target=refill) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 3 and len(free()) == settings.TENANT_POOL_SIZE


def test_a_ready_schema_says_which_migrations_it_has():
    name = pool.create_ready_schema()
    with public_context():
        row = ReadySchema.objects.get(pk=name)
    assert row.applied == applied.digest_of(applied.read(name))
    assert applied.lacking(applied.read(name)) == set()


def test_a_process_killed_half_way_leaves_no_workspace_and_loses_no_schema():
    # The only free one, so that it is the one taken; a lock on a table of it stops the maker in mid-transaction.
    taken_away = free()
    with public_context():
        ReadySchema.objects.filter(schema_name__in=taken_away).delete()
    name = pool.create_ready_schema()
    before = standing()
    try:
        with owner_transaction() as owner:
            owner.execute(f'LOCK TABLE "{name}".accounts_user IN ACCESS EXCLUSIVE MODE'.encode())
            command = [
                sys.executable,
                "manage.py",
                "tenant_create",
                "moitie",
                "--name",
                "Moitié",
                "--email",
                "m@m.test",
            ]
            maker = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            wait_until_stopped_by_a_lock(f"{name}.accounts_user")
            # It has taken the schema and written the workspace's row, and nobody can see either.
            maker.send_signal(signal.SIGKILL)
            maker.communicate()
        with public_context():
            assert not Tenant.objects.filter(slug="moitie").exists()
        assert free() == {name} and standing() == before
        # Those that other tests left ready are taken away above, and so named by no row for now.
        assert set(pool.orphan_schemas()) <= taken_away
        made = services.tenant_create(slug="moitie", name="Moitié", email="m@m.test", password=PASSWORD)
        assert made.tenant.schema_name == name
    finally:
        remove("moitie")
        with public_context():
            ReadySchema.objects.bulk_create(ReadySchema(schema_name=kept) for kept in taken_away)


def wait_until_stopped_by_a_lock(table: str) -> None:
    deadline = time.monotonic() + 20
    with owner_transaction() as owner:
        while time.monotonic() < deadline:
            waiting = owner.execute(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = %s::regclass::oid", [table]
            ).fetchone()
            if waiting:
                return
            time.sleep(0.05)
    raise AssertionError("the maker never came to the locked table")


def test_a_schema_that_no_row_names_is_swept_and_no_other():
    kept = pool.create_ready_schema()
    lost = pool.create_ready_schema()
    with public_context():
        # As a deletion leaves it that is cut before its last step.
        ReadySchema.objects.filter(pk=lost).delete()
    with owner_transaction() as owner:
        owner.execute('CREATE SCHEMA "w_not_of_ours"')
    before = standing()
    assert pool.orphan_schemas() == [lost]
    assert pool.drop_orphan_schemas() == 1
    assert standing() == before - {lost} and kept in standing()
    assert pool.drop_orphan_schemas() == 0
    drop("w_not_of_ours")


def test_a_schema_that_was_somebodys_never_becomes_free_again():
    made = services.tenant_create(slug="ancienne", name="Ancienne", email="a@a.test", password=PASSWORD)
    before = free()
    with public_context():
        # Not the way a workspace is deleted, but a row can go by another.
        Tenant.objects.get(pk=made.tenant.id).delete()
    assert free() == before
    assert pool.orphan_schemas() == [made.tenant.schema_name]
    assert pool.drop_orphan_schemas() == 1
