"""The reference schemas, `schema/public.sql` and `schema/tenant.sql`, and their replay.

Written by `manage.py schema_baseline` from a migrate-from-zero; replayed (0.4 s instead of 16 s and more) for the
first run, the test database and every new workspace.
"""

from functools import cache
from pathlib import Path

import psycopg
from django.conf import settings

# Stands for the workspace's schema in schema/tenant.sql.
PLACEHOLDER = "__workspace__"


class BaselineMissing(RuntimeError):
    """Raised when schema/*.sql is not there: run `manage.py schema_baseline`."""


def baseline_path(kind: str) -> Path:
    """`kind` is "public" or "tenant"."""
    return Path(settings.BASE_DIR) / "schema" / f"{kind}.sql"


@cache
def _baseline(kind: str) -> str:
    path = baseline_path(kind)
    if not path.exists():
        raise BaselineMissing(f"{path.name} is missing: run `manage.py schema_baseline`.")
    return path.read_text(encoding="utf-8")


def replay_public(owner: psycopg.Connection) -> None:
    """Make the public schema's tables in an empty database, in the caller's transaction."""
    _replay(owner, _baseline("public"))


def replay_tenant(owner: psycopg.Connection, schema_name: str) -> None:
    """Make a schema with all tables of a workspace, in the caller's transaction, which should write no more than
    the row that names it: its commit does not wait for the disk. A crash then loses both together, and whatever
    is committed on top of them takes them to the disk first.
    """
    owner.execute(f'SET LOCAL synchronous_commit = off; CREATE SCHEMA "{schema_name}"'.encode())
    _replay(owner, _baseline("tenant").replace(PLACEHOLDER, schema_name))


def _replay(owner: psycopg.Connection, sql: str) -> None:
    # Function bodies are not checked and nothing is found by an unqualified name: what pg_dump writes is qualified.
    with owner.cursor() as cursor:
        cursor.execute("SET LOCAL search_path = ''; SET LOCAL check_function_bodies = off")
        cursor.execute(sql.encode())
