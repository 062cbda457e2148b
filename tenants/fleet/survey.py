"""State of the fleet: which schemas are behind the code, grouped by alike schemas."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.db import ProgrammingError, connection
from psycopg import errors

from tenants.context import public_context
from tenants.fleet.applied import DIGEST_SQL, Key, read, unrecorded
from tenants.models import ReadySchema, Tenant

# Schemas queried in one statement.
CHUNK = 125
MAX_TRIES = 5


@dataclass(frozen=True)
class Member:
    """A schema of the fleet. `slug` is empty for a free ready schema."""

    schema_name: str
    slug: str = ""
    # The digest in the row that names it; should equal the digest of its own table.
    recorded_digest: str = field(default="", compare=False)


@dataclass(frozen=True)
class Group:
    """Schemas with the same migrations and the same names of tables, indexes and constraints."""

    applied: frozenset[Key]
    members: tuple[Member, ...]


@dataclass(frozen=True)
class Survey:
    """Result of a survey. `groups`: schemas that are behind, the largest group first; `schemas`: all surveyed schemas;
    `missing`: named by a row but not existing; `outdated`: schemas whose recorded digest differs from their own table.
    """

    groups: tuple[Group, ...]
    schemas: frozenset[str]
    missing: tuple[Member, ...] = ()
    outdated: tuple[str, ...] = ()

    @property
    def behind(self) -> int:
        return len(self.names)

    @property
    def names(self) -> set[str]:
        """The schemas that are behind."""
        return {member.schema_name for group in self.groups for member in group.members}

    def only(self, names: Collection[str]) -> "Survey":
        """The survey restricted to some schemas."""
        cut = (
            Group(group.applied, tuple(member for member in group.members if member.schema_name in names))
            for group in self.groups
        )
        return Survey(tuple(group for group in cut if group.members), self.schemas)

    def without(self, names: Collection[str]) -> "Survey":
        """The survey without some schemas."""
        return self.only(self.names - set(names))


def members() -> list[Member]:
    """Every schema named by a row: free ready schemas, then workspaces, both oldest first."""
    with public_context():
        free = ReadySchema.objects.filter(tenant=None).order_by("created_at").values_list("schema_name", "applied")
        taken = Tenant.objects.order_by("created_at").values_list("schema_name", "slug", "applied")
        named = [
            *(Member(name, "", recorded_digest) for name, recorded_digest in free),
            *(Member(*row) for row in taken),
        ]
    # A schema claimed between the two queries is in both.
    return list({member.schema_name: member for member in named}.values())


def is_named(schema_name: str) -> bool:
    """Whether a row still names the schema: a workspace may be deleted at any time."""
    return any(member.schema_name == schema_name for member in members())


def take(known: Collection[str] = ()) -> Survey:
    """Survey all schemas except `known`."""
    for _try in range(MAX_TRIES - 1):
        try:
            return _take_once(known)
        except ProgrammingError as error:
            # A workspace was deleted between two queries.
            if not isinstance(error.__cause__, errors.UndefinedTable):
                raise
    return _take_once(known)


def _take_once(known: Collection[str]) -> Survey:
    fleet = [member for member in members() if member.schema_name not in known]
    standing = _existing_schemas()
    missing = tuple(member for member in fleet if member.schema_name not in standing)
    names = [member.schema_name for member in fleet if member.schema_name in standing]
    digests = _digests(names)
    sets = _behind_sets(digests)
    name_digests = _name_digests([name for name in names if digests[name] in sets])
    by_kind: dict[tuple[str, str], list[Member]] = {}
    for member in fleet:
        name = member.schema_name
        if digests.get(name) in sets:
            by_kind.setdefault((digests[name], name_digests[name]), []).append(member)
    ordered = sorted(by_kind.items(), key=lambda item: -len(item[1]))
    groups = tuple(Group(sets[digest], tuple(kind_members)) for (digest, _look), kind_members in ordered)
    outdated = tuple(m.schema_name for m in fleet if digests.get(m.schema_name, m.recorded_digest) != m.recorded_digest)
    return Survey(groups, frozenset(member.schema_name for member in fleet), missing, outdated)


def _existing_schemas() -> set[str]:
    with public_context(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname FROM pg_namespace n JOIN pg_class c ON c.relnamespace = n.oid"
            " WHERE c.relname = 'django_migrations' AND c.relkind = 'r'"
        )
        return {row[0] for row in cursor.fetchall()}


def _query_chunks(names: Sequence[str], ask: Callable[[Any, Sequence[str]], None]) -> dict[str, str]:
    """schema -> result of a query, in chunks of `CHUNK` schemas on two connections."""

    def query_chunk(chunk: Sequence[str]) -> list[tuple[str, str]]:
        with public_context():
            try:
                with connection.cursor() as cursor:
                    ask(cursor, chunk)
                    return list(cursor.fetchall())
            finally:
                if chunk is not names:
                    # Opened by this worker thread.
                    connection.close()

    if len(names) <= CHUNK:
        return dict(query_chunk(names)) if names else {}
    with ThreadPoolExecutor(2) as pool:
        chunks = [names[start : start + CHUNK] for start in range(0, len(names), CHUNK)]
        return {name: value for rows in pool.map(query_chunk, chunks) for name, value in rows}


def _digests(names: Sequence[str]) -> dict[str, str]:
    def ask(cursor: Any, chunk: Sequence[str]) -> None:
        # Names are generated by us and read from the catalogue.
        parts = [f"SELECT '{name}', {DIGEST_SQL} FROM \"{name}\".django_migrations" for name in chunk]
        cursor.execute(" UNION ALL ".join(parts))

    return _query_chunks(names, ask)


def _behind_sets(digests: dict[str, str]) -> dict[str, frozenset[Key]]:
    """digest -> migrations, for the sets with unrecorded migrations."""
    example = {digest: name for name, digest in digests.items()}
    sets = {digest: frozenset(read(name)) for digest, name in example.items()}
    return {digest: keys for digest, keys in sets.items() if unrecorded(keys)}


_NAMES_SQL = """
SELECT n.nspname, md5(string_agg(names.name, ',' ORDER BY names.name COLLATE "C"))
FROM pg_namespace n JOIN (
    SELECT relnamespace AS space, relkind::text || ' ' || relname AS name FROM pg_class
    UNION ALL SELECT c.connamespace, 'on ' || t.relname || ' ' || c.conname
    FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
) names ON names.space = n.oid
WHERE n.nspname = ANY(%s) GROUP BY n.nspname
"""


def _name_digests(names: Sequence[str]) -> dict[str, str]:
    """schema -> digest of the names of its tables, indexes, sequences and constraints."""
    return _query_chunks(names, lambda cursor, chunk: cursor.execute(_NAMES_SQL, [list(chunk)]))
