"""What surrounds a migration in one schema, as SQL without parameters, so that all of it can be one message.

Schema names and digests are our own; names of migrations are quoted.
"""

from collections.abc import Iterable

from tenants import grants
from tenants.fleet.applied import DIGEST_SQL, Key, digest_of

# What a lock may wait for before the schema is put back in the queue: a request in that workspace waits behind us.
LOCK_TIMEOUT_MS = 2000
CHANGED = "ruche-changed"


def before(schema_name: str, has: frozenset[Key]) -> list[str]:
    """Limits, locks, and an error that names `CHANGED` where the schema no longer has just these migrations.

    The rows that name the schema are locked first, the ready schema's before the workspace's, tables after: the order
    in which requests, sign-ups and deletions take them. The commit
    need not reach the disk: what a crash loses, it loses whole, and the next run does it again.
    """
    return [
        f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}",
        "SET LOCAL synchronous_commit = off",
        f"SELECT 1 FROM public.tenants_readyschema WHERE schema_name = '{schema_name}' FOR UPDATE",
        f"SELECT 1 FROM public.tenants_tenant WHERE schema_name = '{schema_name}' FOR UPDATE",
        # No sub-query may raise by itself: the text is made a number only where the digests differ.
        f"SELECT (CASE WHEN found = '{digest_of(has)}' THEN '0' ELSE '{CHANGED} ' || found END)::int"
        f' FROM (SELECT {DIGEST_SQL} AS found FROM "{schema_name}".django_migrations) has',
    ]


def after(schema_name: str, records: Iterable[Key], has: frozenset[Key], *, tables: frozenset[str] | None) -> list[str]:
    """Rights, rows of django_migrations, and the digest in the rows that name the schema. `has`: with `records`;
    `tables`: those that the schema has by now; None where rights need not be given anew.
    """
    rows = ", ".join(f"({_quoted(app)}, {_quoted(name)}, now())" for app, name in records)
    digest = digest_of(has)
    return [
        *(_rights(schema_name, tables) if tables is not None else []),
        f'INSERT INTO "{schema_name}".django_migrations (app, name, applied) VALUES {rows}',
        *(
            f"UPDATE public.{table} SET applied = '{digest}' WHERE schema_name = '{schema_name}'"
            for table in ("tenants_tenant", "tenants_readyschema")
        ),
    ]


def _rights(schema_name: str, tables: frozenset[str]) -> list[str]:
    """Those on tables that a later part of the migration makes are given after that part."""
    missing = [
        f'"{schema_name}"."{model._meta.db_table}"'
        for model in grants.models_of(schema_name)
        if model._meta.db_table not in tables
    ]
    return [
        statement
        for statement in grants.grant_statements(schema_name)
        if not any(f" {table} " in statement for table in missing)
    ]


def path(schema_name: str) -> str:
    """For the transaction that it stands in."""
    return f'SET LOCAL search_path = "{schema_name}", public'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
