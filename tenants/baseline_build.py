"""Writes the baseline: a migrate-from-zero in a scratch database, dumped and made replayable."""

import os
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from django.conf import settings

from tenants.baseline import PLACEHOLDER
from tenants.context import PUBLIC_SCHEMA

SCRATCH_SCHEMA = "w_baseline"
# What a driver or a pooled connection must never meet: psql's meta-commands and settings of the session.
_DROPPED = re.compile(r"^(\\|SET |SELECT pg_catalog\.set_config|--)")
_DIALECT = (
    # The schema itself is made by whoever replays.
    re.compile(r"^CREATE SCHEMA [^;]+;\n", re.M),
    re.compile(r"^COMMENT ON SCHEMA [^;]+;\n", re.M),
)


class BuildFailed(RuntimeError):
    """Raised with the output of the step that failed."""


@contextmanager
def scratch_database() -> Iterator[tuple[str, str]]:
    """(owner's URL, superuser's URL) of an empty database on the server of DATABASE_ADMIN_URL, dropped at the end."""
    admin, owner = os.environ.get("DATABASE_ADMIN_URL"), os.environ.get("DATABASE_OWNER_URL")
    if not admin or not owner:
        raise BuildFailed(
            "A scratch database needs DATABASE_ADMIN_URL (a superuser's) and DATABASE_OWNER_URL; "
            "`python -m embedded.manage schema_baseline` has its own server."
        )
    name = f"ruche_scratch_{secrets.token_hex(4)}"
    role = urlsplit(owner).username
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" OWNER "{role}"'.encode())
    try:
        yield _database(owner, name), _database(admin, name)
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def _database(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def build() -> dict[str, str]:
    """Migrate from zero with stock django-tenants and dump: {"public": sql, "tenant": sql}."""
    with scratch_database() as (owner, admin):
        migrate_from_zero(owner)
        return {
            "public": _replayable(dump(admin, PUBLIC_SCHEMA), owner, PUBLIC_SCHEMA),
            "tenant": _replayable(dump(admin, SCRATCH_SCHEMA), owner, SCRATCH_SCHEMA),
        }


def migrate_from_zero(owner_url: str, schema: str = SCRATCH_SCHEMA) -> None:
    """Stock `migrate_schemas`, for public and for one workspace's schema, in a process of its own."""
    environment = os.environ | {"DATABASE_OWNER_URL": owner_url, "DATABASE_URL": owner_url}
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"'.encode())
    _run([sys.executable, "manage.py", "migrate_schemas", "--shared", "-v0"], environment)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        # Stock finds a schema to migrate by its workspace's row.
        connection.execute(_STAND_IN, [schema])
    _run([sys.executable, "manage.py", "migrate_schemas", "--tenant", "--schema", schema, "-v0"], environment)


_STAND_IN = (
    "INSERT INTO tenants_tenant (id, schema_name, slug, name, email, state, state_reason, state_since,"
    " plan_code, language, logo, version, created_at)"
    " VALUES (gen_random_uuid(), %s, 'baseline', 'Baseline', 'baseline@example.test', 'trial', '', now(),"
    " 'starter', 'fr', '', 0, now())"
)


def _run(command: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True)
    if done.returncode:
        raise BuildFailed(f"{' '.join(command[1:4])}:\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}")
    return done.stdout


def dump(url: str, schema: str) -> str:
    """`pg_dump -s` of one schema, owners left out, rights kept."""
    command = [
        # As new as the server, or newer.
        os.environ.get("PG_DUMP", "pg_dump"),
        "--schema-only",
        "--no-owner",
        "--no-comments",
        "--restrict-key=ruche",
        f"--schema={schema}",
        url,
    ]
    return _run(command, dict(os.environ))


def _replayable(sql: str, owner_url: str, schema: str) -> str:
    lines = [line for line in sql.splitlines() if not _DROPPED.match(line)]
    text = "\n".join(lines) + "\n"
    for pattern in _DIALECT:
        text = pattern.sub("", text)
    text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
    text = _without_default_privileges(text) + "\n" + _migration_rows(owner_url, schema)
    return text if schema == PUBLIC_SCHEMA else text.replace(schema, PLACEHOLDER)


def _without_default_privileges(sql: str) -> str:
    """They name the role that ran the migration; grants.py gives them at each replay."""
    kept = [line for line in sql.splitlines() if not line.startswith(("ALTER DEFAULT PRIVILEGES", "GRANT", "REVOKE"))]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept))


def _migration_rows(owner_url: str, schema: str) -> str:
    with psycopg.connect(owner_url) as connection:
        rows = connection.execute(f'SELECT app, name FROM "{schema}".django_migrations ORDER BY app, name'.encode())
        values = ",\n".join(f"    ('{app}', '{name}', now())" for app, name in rows)
    return f"INSERT INTO {schema}.django_migrations (app, name, applied) VALUES\n{values};\n"


def write(built: dict[str, str]) -> list[Path]:
    """Write both files; the paths of those that changed."""
    from tenants.baseline import baseline_path

    changed = []
    for kind, sql in built.items():
        path = baseline_path(kind)
        if not path.exists() or path.read_text(encoding="utf-8") != sql:
            path.write_text(sql, encoding="utf-8")
            changed.append(path)
    return changed
