"""A fleet in a database of its own, and a code that is a migration ahead of it."""

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent, indent
from typing import Any

import psycopg

from embedded import postgres
from tests.fleet.warm import Warm
from tests.servers import ROOT, with_database

HEAD = """
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

"""
# A migration that is harmless: a column that nobody reads yet.
COLOR = """
    operations = [migrations.AddField("item", "color", models.CharField(max_length=7, default="", db_default=""))]
"""


@dataclass
class Fleet:
    """`workspaces`: slug -> schema; `ready`: schemas that nobody has taken."""

    database: str
    folder: Path
    warm: Warm
    workspaces: dict[str, str] = field(default_factory=dict)
    ready: list[str] = field(default_factory=list)
    modules: dict[str, str] = field(default_factory=dict)

    @property
    def owner_url(self) -> str:
        return with_database(os.environ["DATABASE_OWNER_URL"], self.database)

    @property
    def app_url(self) -> str:
        return with_database(os.environ["DATABASE_URL"], self.database)

    @property
    def schemas(self) -> list[str]:
        return [*self.ready, *self.workspaces.values()]

    def code(self, app: str, **migrations: str) -> None:
        """From now on the code has these migrations too: name -> body of the class (and what stands above it)."""
        package = f"ahead_{app}_{secrets.token_hex(4)}"
        place = self.folder / package
        place.mkdir()
        for file in sorted((ROOT / app / "migrations").glob("*.py")):
            (place / file.name).write_text(file.read_text())
        before = max(file.stem for file in place.glob("0*.py"))
        for name, body in migrations.items():
            above, _line, inside = body.rpartition("---\n")
            inside = indent(f"dependencies = [({app!r}, {before!r})]\n{dedent(inside)}", "    ")
            text = f"{HEAD}{above}\n\nclass Migration(migrations.Migration):\n{inside}"
            (place / f"{name}.py").write_text(text)
            before = name
        self.modules[app] = package

    def environment(self) -> dict[str, str]:
        return os.environ | {
            "DATABASE_URL": self.app_url,
            "DATABASE_OWNER_URL": self.owner_url,
            "DJANGO_SETTINGS_MODULE": "tests.fleet.settings",
            "RUCHE_TEST_MIGRATIONS": json.dumps(self.modules),
            "PYTHONPATH": f"{self.folder}:{ROOT}",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """A command in a process of its own, for tests that stop it or look at it while it runs."""
        command = [sys.executable, "manage.py", *arguments]
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=ROOT, env=self.environment(), preexec_fn=_heed_interrupts, **pipes)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command, run to its end."""
        return self.warm.run(arguments, self.environment())

    def migrate(self, *arguments: str) -> dict[str, Any]:
        """`fleet_migrate --json`; what it printed, with the exit code in `exit` and its errors in `stderr`."""
        done = self.manage("fleet_migrate", "--json", *arguments)
        try:
            return {**json.loads(done.stdout), "exit": done.returncode, "stderr": done.stderr}
        except json.JSONDecodeError:
            raise AssertionError(f"{done.returncode}\n{done.stdout}\n{done.stderr}") from None

    def ask(self, path: str, *hosts: str) -> dict[str, list[Any]]:
        """How each host answers at a path, by a web process of this code: [status, Retry-After, page]."""
        done = self.warm.run(("-m", "tests.fleet.ask", path, *hosts), self.environment())
        assert done.returncode == 0, done.stderr
        found: dict[str, list[Any]] = json.loads(done.stdout)
        return found

    def sql(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.owner_url, autocommit=True) as owner:
            cursor = owner.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def dump(self, schema: str) -> str:
        """`pg_dump -s` of a schema, rights included, its own name taken out."""
        url = with_database(os.environ["DATABASE_ADMIN_URL"], self.database)
        command = [
            str(postgres.binary("pg_dump")),
            "-s",
            "--no-owner",
            "--restrict-key=ruche",
            f"--schema={schema}",
            url,
        ]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout.replace(schema, "THE_SCHEMA")
        return "\n".join(sorted(text.split(";\n")))

    @property
    def admin_url(self) -> str:
        return with_database(os.environ["DATABASE_ADMIN_URL"], self.database)

    def applied(self, schema: str) -> set[tuple[str, str]]:
        return set(self.sql(f'SELECT app, name FROM "{schema}".django_migrations'))  # type: ignore[arg-type]

    def columns(self, schema: str, table: str) -> set[str]:
        found = self.sql(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
            schema,
            table,
        )
        return {row[0] for row in found}

    def having(self, column: str, table: str = "library_item") -> set[str]:
        """The schemas whose table has a column."""
        return {schema for schema in self.schemas if column in self.columns(schema, table)}

    def remembered(self, schema: str) -> set[tuple[str, str]]:
        """The migrations that the row which names a schema says it has."""
        rows = self.sql(
            "SELECT s.migrations FROM public.tenants_appliedset s WHERE s.digest IN ("
            " SELECT applied FROM public.tenants_tenant WHERE schema_name = %s UNION"
            " SELECT applied FROM public.tenants_readyschema WHERE schema_name = %s AND tenant_id IS NULL)",
            schema,
            schema,
        )
        return {tuple(name.split(".", 1)) for name in rows[0][0]}  # type: ignore[misc]


_NEW_TENANT = (
    "INSERT INTO public.tenants_tenant (id, schema_name, slug, name, email, state, state_reason, state_since,"
    " plan_code, language, logo, version, created_at, applied)"
    " SELECT gen_random_uuid(), schema_name, %s, %s, 'x@x.test', 'active', '', now(), 'starter', 'fr', '', 0, now(),"
    " applied FROM public.tenants_readyschema WHERE schema_name = %s"
)
_TAKEN = (
    "UPDATE public.tenants_readyschema SET tenant_id ="
    " (SELECT id FROM public.tenants_tenant t WHERE t.schema_name = tenants_readyschema.schema_name)"
    " WHERE schema_name = %s"
)


class Databases:
    """Databases with public and so many ready schemas: a schema is replayed once for each number, then copied."""

    def __init__(self) -> None:
        self._templates: list[str] = []
        self._role = os.environ["DATABASE_OWNER_URL"].split("//")[1].split(":")[0]

    def make(self, name: str, schemas: int) -> None:
        while len(self._templates) <= schemas:
            self._grow()
        self._copy(self._templates[schemas], name)

    def drop(self, name: str) -> None:
        _admin(f'DROP DATABASE "{name}" WITH (FORCE)')

    def close(self) -> None:
        for name in self._templates:
            self.drop(name)
        self._templates.clear()

    def _grow(self) -> None:
        from tenants import baseline, grants, pool

        name = f"ruche_fleet_template_{secrets.token_hex(4)}"
        if self._templates:
            self._copy(self._templates[-1], name)
        else:
            self._copy("template1", name)
        with psycopg.connect(with_database(os.environ["DATABASE_OWNER_URL"], name)) as owner:
            if self._templates:
                pool._create(owner)
            else:
                baseline.replay_public(owner)
                for statement in grants.grant_statements("public"):
                    owner.execute(statement.encode())
        self._templates.append(name)

    def _copy(self, template: str, name: str) -> None:
        # Files are copied: pages through the log would be slower, and nothing here survives a crash anyway.
        _admin(f'CREATE DATABASE "{name}" OWNER "{self._role}" TEMPLATE "{template}" STRATEGY FILE_COPY')


def _admin(statement: str) -> None:
    url = with_database(os.environ["DATABASE_ADMIN_URL"], "postgres")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(statement.encode())


@contextmanager
def fleet(databases: Databases, warm: Warm, folder: Path, workspaces: int, ready: int = 1) -> Iterator[Fleet]:
    """A database with public, `workspaces` named "ruche-0" and so on, and ready schemas, the oldest first."""
    made = Fleet(f"ruche_fleet_{secrets.token_hex(4)}", folder, warm)
    databases.make(made.database, workspaces + ready)
    try:
        with psycopg.connect(made.owner_url) as owner:
            names = owner.execute("SELECT schema_name FROM public.tenants_readyschema ORDER BY created_at").fetchall()
            made.ready, taken = [name for (name,) in names[:ready]], [name for (name,) in names[ready:]]
            for number, name in enumerate(taken):
                slug = f"ruche-{number}"
                owner.execute(_NEW_TENANT, [slug, slug, name])
                owner.execute(_TAKEN, [name])
                made.workspaces[slug] = name
        yield made
    finally:
        databases.drop(made.database)


def insert_item(fleet: Fleet, schema: str, title: str) -> None:
    """The least that a row of the library needs."""
    columns = fleet.sql(
        "SELECT column_name, udt_name FROM information_schema.columns WHERE table_schema = %s"
        " AND table_name = 'library_item' AND is_nullable = 'NO' AND column_default IS NULL AND is_generated = 'NEVER'",
        schema,
    )
    values = {"uuid": "gen_random_uuid()", "timestamptz": "now()", "bool": "false", "jsonb": "'{}'", "_varchar": "'{}'"}
    pairs = {name: values.get(kind, "0" if kind.startswith(("int", "num")) else "''") for name, kind in columns}
    pairs["title"] = f"'{title}'"
    insert = f'INSERT INTO "{schema}".library_item ({", ".join(pairs)}) VALUES ({", ".join(pairs.values())})'
    with psycopg.connect(fleet.admin_url) as admin:
        # Whom the item belongs to is not what is looked at here.
        admin.execute("SET session_replication_role = replica")
        admin.execute(insert.encode())


def _heed_interrupts() -> None:
    """What runs in the background of a shell ignores them, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
