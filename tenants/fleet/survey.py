"""The state of the fleet: which schemas are behind, and which of them are alike."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.db import ProgrammingError, connection
from psycopg import errors

from tenants.context import public_context
from tenants.fleet.applied import DIGEST_SQL, Key, read, unrecorded
from tenants.models import ReadySchema, Tenant

# Schemas asked of in one statement.
CHUNK = 125
TRIES = 5


@dataclass(frozen=True)
class Member:
    """A schema of the fleet. `slug` is empty where it is a ready one that nobody has taken."""

    schema_name: str
    slug: str = ""
    # The digest in the row that names it, which should be that of its own table.
    told: str = field(default="", compare=False)


@dataclass(frozen=True)
class Alike:
    """Schemas with the same migrations and the same names of tables, indexes and constraints."""

    applied: frozenset[Key]
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Survey:
    """`alike`: groups of schemas that are behind, the largest first; `schemas`: all that were looked at;
    `missing`: named by a row, and not there; `mistold`: whose row says something else than their own table.
    """

    alike: tuple[Alike, ...]
    schemas: frozenset[str]
    missing: tuple[Member, ...] = ()
    mistold: tuple[str, ...] = ()

    @property
    def behind(self) -> int:
        return len(self.names)

    @property
    def names(self) -> set[str]:
        """The schemas that are behind."""
        return {member.schema_name for group in self.alike for member in group.members}

    def only(self, names: Collection[str]) -> "Survey":
        """The part of it that concerns some schemas."""
        cut = (
            Alike(group.applied, tuple(member for member in group.members if member.schema_name in names))
            for group in self.alike
        )
        return Survey(tuple(group for group in cut if group.members), self.schemas)

    def without(self, names: Collection[str]) -> "Survey":
        """The part of it that concerns all others."""
        return self.only(self.names - set(names))


def members() -> list[Member]:
    """Every schema that a row names: ready ones that are free first, then workspaces, oldest first."""
    with public_context():
        free = ReadySchema.objects.filter(tenant=None).order_by("created_at").values_list("schema_name", "applied")
        taken = Tenant.objects.order_by("created_at").values_list("schema_name", "slug", "applied")
        found = [*(Member(name, "", told) for name, told in free), *(Member(*row) for row in taken)]
    # One that is taken between the two queries is in both.
    return list({member.schema_name: member for member in found}.values())


def is_named(schema_name: str) -> bool:
    """Whether a row still names the schema; a workspace may be deleted at any moment."""
    return any(member.schema_name == schema_name for member in members())


def look(known: Collection[str] = ()) -> Survey:
    """What there is to do, in all schemas but those that are known."""
    for _try in range(TRIES - 1):
        try:
            return _look_once(known)
        except ProgrammingError as error:
            # A workspace has been deleted between two of our queries.
            if not isinstance(error.__cause__, errors.UndefinedTable):
                raise
    return _look_once(known)


def _look_once(known: Collection[str]) -> Survey:
    fleet = [member for member in members() if member.schema_name not in known]
    standing = _standing()
    missing = tuple(member for member in fleet if member.schema_name not in standing)
    names = [member.schema_name for member in fleet if member.schema_name in standing]
    digests = _digests(names)
    sets = _behind_sets(digests)
    looks = _looks([name for name in names if digests[name] in sets])
    groups: dict[tuple[str, str], list[Member]] = {}
    for member in fleet:
        name = member.schema_name
        if digests.get(name) in sets:
            groups.setdefault((digests[name], looks[name]), []).append(member)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    alike = tuple(Alike(sets[digest], tuple(found)) for (digest, _look), found in ordered)
    mistold = tuple(m.schema_name for m in fleet if digests.get(m.schema_name, m.told) != m.told)
    return Survey(alike, frozenset(member.schema_name for member in fleet), missing, mistold)


def _standing() -> set[str]:
    with public_context(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid"
            " WHERE c.relname = 'django_migrations' AND c.relkind = 'r'"
        )
        return {row[0] for row in cursor.fetchall()}


def _asked(names: Sequence[str], ask: Callable[[Any, Sequence[str]], None]) -> dict[str, str]:
    """What the server tells of each schema, so many at once, on two connections."""

    def one(chunk: Sequence[str]) -> list[tuple[str, str]]:
        with public_context():
            try:
                with connection.cursor() as cursor:
                    ask(cursor, chunk)
                    return list(cursor.fetchall())
            finally:
                if chunk is not names:
                    # Of a thread that ends.
                    connection.close()

    if len(names) <= CHUNK:
        return dict(one(names)) if names else {}
    with ThreadPoolExecutor(2) as pool:
        chunks = [names[start : start + CHUNK] for start in range(0, len(names), CHUNK)]
        return {name: told for rows in pool.map(one, chunks) for name, told in rows}


def _digests(names: Sequence[str]) -> dict[str, str]:
    def ask(cursor: Any, chunk: Sequence[str]) -> None:
        # Names are our own, read from the catalogue.
        parts = [f"SELECT '{name}', {DIGEST_SQL} FROM \"{name}\".django_migrations" for name in chunk]
        cursor.execute(" UNION ALL ".join(parts))

    return _asked(names, ask)


def _behind_sets(digests: dict[str, str]) -> dict[str, frozenset[Key]]:
    """digest -> migrations, for those with which a schema has something to be done, if only to be recorded."""
    example = {digest: name for name, digest in digests.items()}
    sets = {digest: frozenset(read(name)) for digest, name in example.items()}
    return {digest: keys for digest, keys in sets.items() if unrecorded(keys)}


_LOOKS = """
SELECT n.nspname, md5(string_agg(names.name, ',' ORDER BY names.name COLLATE "C"))
FROM pg_namespace n JOIN (
    SELECT relnamespace AS space, relkind::text || ' ' || relname AS name FROM pg_class
    UNION ALL SELECT c.connamespace, 'on ' || t.relname || ' ' || c.conname
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
) names ON names.space = n.oid
WHERE n.nspname = ANY(%s) GROUP BY n.nspname
"""


def _looks(names: Sequence[str]) -> dict[str, str]:
    """schema -> digest of the names of its tables, indexes, sequences and constraints."""
    return _asked(names, lambda cursor, chunk: cursor.execute(_LOOKS, [list(chunk)]))
