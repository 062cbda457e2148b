"""Which migrations a schema has, by digest, and whether that is enough for this code.

Truth is each schema's own `django_migrations`. A digest of it stands in the row that names the schema, so that a
request can tell, without a query, a workspace that is behind its code.
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
    """Raised where work is to be done in a workspace whose schema lacks a migration of this code."""


def digest_of(keys: Iterable[Key]) -> str:
    """32 hexadecimal characters for a set of migrations."""
    return hashlib.md5(",".join(names_of(keys)).encode(), usedforsecurity=False).hexdigest()


def names_of(keys: Iterable[Key]) -> list[str]:
    """ "app.name" of each, in the order the digest is made of."""
    return sorted(f"{app}.{name}" for app, name in keys)


# The same digest, made by the server from a schema's own table.
DIGEST_SQL = "md5(coalesce(string_agg(app || '.' || name, ',' ORDER BY (app || '.' || name) COLLATE \"C\"), ''))"


@cache
def _disk() -> dict[Key, frozenset[Key]]:
    """Every migration of the code, with those it replaces."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    return {key: frozenset(migration.replaces) for key, migration in loader.disk_migrations.items()}


@cache
def _labels(schema_name: str) -> frozenset[str]:
    return frozenset(config.label for config in app_configs_of(schema_name))


def unmet(applied: Iterable[Key]) -> set[Key]:
    """The migrations of this code that a schema with these applied has not recorded.

    Those of apps whose tables stand elsewhere count too: each schema records them all, as stock does.
    """
    has = set(applied)
    for key, replaced in _disk().items():
        if key in has:
            has |= replaced
        elif replaced and replaced <= has:
            has.add(key)
    return set(_disk()) - has


def unrecorded(applied: Iterable[Key]) -> set[Key]:
    """The unmet ones, and squashed migrations whose row is missing where all that they replace is there: once the
    code has left off what they replace, only the row tells that they need not run.
    """
    has = set(applied)
    squashed = {key for key, replaced in _disk().items() if replaced and replaced <= has}
    return unmet(has) | (squashed - has)


def lacking(applied: Iterable[Key], schema_name: str = "tenant") -> set[Key]:
    """The unmet ones that make a table of this schema: without them the code cannot work on it.

    `schema_name` tells only which apps count: public's, or a workspace's (any other name).
    """
    labels = _labels(PUBLIC_SCHEMA if schema_name == PUBLIC_SCHEMA else "tenant")
    return {key for key in unmet(applied) if key[0] in labels}


# digest -> whether this code can work on a schema that has these migrations. Never changes while the process lives.
_enough: dict[str, bool] = {}


class Named(Protocol):
    """What names a schema: a workspace's picture, or the row of a ready schema."""

    @property
    def schema_name(self) -> str: ...
    @property
    def applied(self) -> str: ...


def is_behind(tenant: Named) -> bool:
    """Whether the workspace's schema lacks a migration of this code. A query at the first sight of a digest only."""
    digest = tenant.applied
    if digest and digest in _enough:
        return not _enough[digest]
    keys = _known_set(digest) if digest else None
    if keys is None:
        keys = read(tenant.schema_name)
    enough = not lacking(keys)
    if digest:
        _enough[digest] = enough
    return not enough


def _known_set(digest: str) -> set[Key] | None:
    with public_context():
        names = AppliedSet.objects.filter(pk=digest).values_list("migrations", flat=True).first()
    return None if names is None else {_key(name) for name in names}


def _key(name: str) -> Key:
    app, _dot, rest = name.partition(".")
    return app, rest


def read(schema_name: str) -> set[Key]:
    """What a schema's own table says; empty where it has none."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f'"{schema_name}".django_migrations'])
        if cursor.fetchone() == (None,):
            return set()
        cursor.execute(f'SELECT app, name FROM "{schema_name}".django_migrations')
        return set(cursor.fetchall())


# One statement: the set kept under its digest, and the digest in the row that names the schema.
_REMEMBER_SET = "INSERT INTO public.tenants_appliedset (digest, migrations) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_REMEMBER = (
    "UPDATE public.tenants_tenant SET applied = %s WHERE schema_name = %s AND applied <> %s",
    "UPDATE public.tenants_readyschema SET applied = %s WHERE schema_name = %s AND applied <> %s",
)


def remember_set(cursor: Any, keys: Iterable[Key]) -> str:
    """Keep a set of migrations, through any cursor of the driver's or Django's; its digest."""
    names = names_of(keys)
    digest = digest_of(keys)
    cursor.execute(_REMEMBER_SET, [digest, json.dumps(names)])
    return digest


def remember(cursor: Any, schema_name: str, digest: str) -> None:
    """Write the digest into the rows that name the schema, in the caller's transaction."""
    for statement in _REMEMBER:
        cursor.execute(statement, [digest, schema_name, digest])


def set_right(schema_name: str) -> None:
    """Make the rows that name a schema say what its own table says."""
    with public_context(), transaction.atomic(), connection.cursor() as cursor:
        for table in ("tenants_readyschema", "tenants_tenant"):
            cursor.execute(f"SELECT 1 FROM public.{table} WHERE schema_name = %s FOR UPDATE", [schema_name])
        remember(cursor, schema_name, remember_set(cursor, read(schema_name)))
