"""A schema replayed from the baseline is the schema that migrations make, to the last right."""

import os
import re
from collections.abc import Iterator

import pytest

from tenants import baseline_build
from tenants.context import public_context
from tenants.models import ReadySchema
from tenants.pool import create_ready_schema
from tenants.sql import owner_transaction
from tests.servers import DATABASE, with_database

MIGRATED = "w_migrated_from_zero"


def _dump(schema: str) -> list[str]:
    """`pg_dump -s` with rights and default rights, the schema's own name taken out."""
    admin = with_database(os.environ["DATABASE_ADMIN_URL"], DATABASE)
    text = baseline_build.dump(admin, schema).replace(schema, "THE_SCHEMA")
    lines = [line for line in text.splitlines() if line and not line.startswith(("--", "SET ", "\\"))]
    return _statements("\n".join(lines))


def _statements(text: str) -> list[str]:
    """Sorted: pg_dump orders what does not depend on each other by name, and rights by when they were given."""
    return sorted(re.split(r"(?<=;)\n", text))


def _remove(schema: str) -> None:
    with owner_transaction() as owner:
        owner.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'.encode())
        owner.execute("DELETE FROM public.tenants_tenant WHERE schema_name = %s", [schema])


@pytest.fixture(scope="module")
def migrated(people) -> Iterator[str]:
    """A schema made by stock `migrate_schemas`, beside the others of the test database."""
    _remove(MIGRATED)
    owner = os.environ["DATABASE_OWNER_URL"]
    baseline_build.migrate_from_zero(owner, MIGRATED)
    yield MIGRATED
    _remove(MIGRATED)


@pytest.fixture
def replayed() -> Iterator[str]:
    with public_context():
        name = create_ready_schema()
    yield name
    with public_context():
        ReadySchema.objects.filter(schema_name=name).delete()
    _remove(name)


@pytest.mark.committed
@pytest.mark.slow
def test_a_replayed_schema_dumps_as_a_migrated_one(migrated: str, replayed: str) -> None:
    expected, found = _dump(migrated), _dump(replayed)
    assert [line for line in found if line not in expected] == []
    assert [line for line in expected if line not in found] == []
    assert found == expected
    text = "\n".join(found)
    # The comparison is of something: tables, constraints, rights.
    assert "CREATE TABLE" in text and "FOREIGN KEY" in text and "GRANT SELECT,INSERT" in text


@pytest.mark.committed
def test_migrations_recorded_are_the_same(migrated: str, replayed: str) -> None:
    with owner_transaction() as owner:
        both = [
            owner.execute(f'SELECT app, name FROM "{schema}".django_migrations ORDER BY app, name'.encode()).fetchall()
            for schema in (migrated, replayed)
        ]
    assert both[0] == both[1] and both[0]


@pytest.mark.committed
def test_a_replay_poisons_no_connection(replayed: str) -> None:
    """Everything the replay sets is local to its transaction."""
    from tenants import baseline

    with owner_transaction() as owner:
        before = owner.execute("SHOW search_path").fetchone(), owner.execute("SHOW synchronous_commit").fetchone()
        owner.commit()
        baseline.replay_tenant(owner, "w_twice")
        owner.rollback()
        after = owner.execute("SHOW search_path").fetchone(), owner.execute("SHOW synchronous_commit").fetchone()
        assert before == after
        assert owner.execute("SELECT to_regnamespace('w_twice')").fetchone() == (None,)
