"""Applied migrations of a schema, by digest, and whether they are enough for this code.

The source is each schema's `django_migrations`. Its digest is stored in the row that names the schema, so a request
recognises a workspace behind the code without a query.
"""

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from typing import Any, Protocol

from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader

from tenants.context import PUBLIC_SCHEMA, public_context
from tenants.grants import app_configs_of
from tenants.models import AppliedSet

Key = tuple[str, str]  # (app label, migration's name), as in django_migrations


class WorkspaceBehind(RuntimeError):
    """Raised when a job or a request needs a workspace whose schema lacks a migration of this code."""


def digest_of(keys: Iterable[Key]) -> str:
    """MD5 of a set of migrations: 32 hexadecimal characters."""
    return hashlib.md5(",".join(names_of(keys)).encode(), usedforsecurity=False).hexdigest()


def names_of(keys: Iterable[Key]) -> list[str]:
    """Sorted list of "app.name", from which the digest is computed."""
    return sorted(f"{app}.{name}" for app, name in keys)


# The same digest, computed by the server from a schema's django_migrations.
DIGEST_SQL = "md5(coalesce(string_agg(app || '.' || name, ',' ORDER BY (app || '.' || name) COLLATE \"C\"), ''))"


@cache
def _disk() -> dict[Key, frozenset[Key]]:
    """Every migration of the code, with the migrations it replaces."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {key: frozenset(migration.replaces) for key, migration in loader.disk_migrations.items()}


@cache
def _labels(schema_name: str) -> frozenset[str]:
    return frozenset(config.label for config in app_configs_of(schema_name))


def unmet(applied: Iterable[Key]) -> set[Key]:
    """The migrations of this code that are not recorded in a schema with these applied migrations.

    Includes migrations of apps without tables in the schema: like Django, each schema records all migrations.
    """
    applied_keys = set(applied)
    for key, replaced in _disk().items():
        if key in applied_keys:
            applied_keys |= replaced
        elif replaced and replaced <= applied_keys:
            applied_keys.add(key)
    return set(_disk()) - applied_keys


def unrecorded(applied: Iterable[Key]) -> set[Key]:
    """The unmet migrations, and squashed ones without a row although all that they replace is applied.

    Once the replaced migrations are removed from the code, only that row shows that the squashed one need not run.
    """
    applied_keys = set(applied)
    squashed = {key for key, replaced in _disk().items() if replaced and replaced <= applied_keys}
    return unmet(applied_keys) | (squashed - applied_keys)


def lacking(applied: Iterable[Key], schema_name: str = "tenant") -> set[Key]:
    """The unmet migrations of apps with tables in the schema: without them the code cannot use it.

    `schema_name` selects the apps: public's, or a workspace's for any other name.
    """
    labels = _labels(PUBLIC_SCHEMA if schema_name == PUBLIC_SCHEMA else "tenant")
    return {key for key in unmet(applied) if key[0] in labels}


# digest -> whether a schema with these migrations is usable by this code. Constant for the life of the process.
_is_usable: dict[str, bool] = {}


class SchemaRow(Protocol):
    """An object with a schema's name and digest: a `TenantRef`, a `Tenant` or a `ReadySchema`."""

    @property
    def schema_name(self) -> str: ...
    @property
    def applied(self) -> str: ...


def is_behind(tenant: SchemaRow) -> bool:
    """Whether the schema lacks a migration of this code. Queries only for a digest not seen by this process."""
    digest = tenant.applied
    if digest and digest in _is_usable:
        return not _is_usable[digest]
    keys = _known_set(digest) if digest else None
    if keys is None:
        keys = read(tenant.schema_name)
    usable = not lacking(keys)
    if digest:
        _is_usable[digest] = usable
    return not usable


def _known_set(digest: str) -> set[Key] | None:
    with public_context():
        names = AppliedSet.objects.filter(pk=digest).values_list("migrations", flat=True).first()
    return None if names is None else {_key(name) for name in names}


def _key(full_name: str) -> Key:
    app, _dot, name = full_name.partition(".")
    return app, name


def read(schema_name: str) -> set[Key]:
    """The migrations recorded in a schema's django_migrations; empty if the table does not exist."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f'"{schema_name}".django_migrations'])
        if cursor.fetchone() == (None,):
            return set()
        cursor.execute(f'SELECT app, name FROM "{schema_name}".django_migrations')
        return set(cursor.fetchall())


# The set is stored under its digest, and the digest in the rows that name the schema.
_REMEMBER_SET = "INSERT INTO public.tenants_appliedset (digest, migrations) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_REMEMBER = (
    "UPDATE public.tenants_tenant SET applied = %s WHERE schema_name = %s AND applied <> %s",
    "UPDATE public.tenants_readyschema SET applied = %s WHERE schema_name = %s AND applied <> %s",
)


def remember_set(cursor: Any, keys: Iterable[Key]) -> str:
    """Store a set of migrations with a cursor of the driver or of Django. Returns its digest."""
    names = names_of(keys)
    digest = digest_of(keys)
    cursor.execute(_REMEMBER_SET, [digest, json.dumps(names)])
    return digest


def remember(cursor: Any, schema_name: str, digest: str) -> None:
    """Write the digest into the rows that name the schema, in the caller's transaction."""
    for statement in _REMEMBER:
        cursor.execute(statement, [digest, schema_name, digest])


def refresh_digest(schema_name: str) -> None:
    """Update the digest in the rows that name a schema from its own table."""
    with public_context(), transaction.atomic(), connection.cursor() as cursor:
        for table in ("tenants_readyschema", "tenants_tenant"):
            cursor.execute(f"SELECT 1 FROM public.{table} WHERE schema_name = %s FOR UPDATE", [schema_name])
        remember(cursor, schema_name, remember_set(cursor, read(schema_name)))
