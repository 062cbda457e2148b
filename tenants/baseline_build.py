"""Builds the baseline: migrates a scratch database from zero, dumps it and makes the dump replayable."""

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

from tenants.baseline import PLACEHOLDER, replay_public, replay_tenant
from tenants.context import PUBLIC_SCHEMA

SCRATCH_SCHEMA = "w_baseline"
# psql's meta-commands, which a driver cannot send, and session settings, which would stay on a pooled connection.
_DROPPED = re.compile(r"^(\\|SET |SELECT pg_catalog\.set_config|--)")
_SCHEMA_STATEMENTS = (
    # The caller of the replay creates the schema.
    re.compile(r"^CREATE SCHEMA [^;]+;\n", re.M),
    re.compile(r"^COMMENT ON SCHEMA [^;]+;\n", re.M),
)


class BuildFailed(RuntimeError):
    """Raised with the output of the step that failed."""


@contextmanager
def scratch_database() -> Iterator[tuple[str, str]]:
    """Yield (owner's URL, superuser's URL) of an empty database on the server of DATABASE_ADMIN_URL; then drop it.

    Raises `BuildFailed` where the URLs are not configured.
    """
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
        yield _with_database(owner, name), _with_database(admin, name)
    finally:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


def _with_database(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{name}"))


def build(*, onto_stored: bool = False) -> dict[str, str]:
    """Migrate from zero with django-tenants' own command and dump: {"public": sql, "tenant": sql}.

    `onto_stored`: replay the stored files first, so that only newer migrations run (seconds instead of a minute).
    """
    with scratch_database() as (owner, admin):
        if onto_stored:
            with psycopg.connect(owner) as connection:
                replay_public(connection)
                replay_tenant(connection, SCRATCH_SCHEMA)
        migrate_from_zero(owner)
        return {
            "public": _replayable(dump(admin, PUBLIC_SCHEMA), owner, PUBLIC_SCHEMA),
            "tenant": _replayable(dump(admin, SCRATCH_SCHEMA), owner, SCRATCH_SCHEMA),
        }


def migrate_from_zero(owner_url: str, schema: str = SCRATCH_SCHEMA) -> None:
    """Run django-tenants' `migrate_schemas` for public and for one workspace's schema, in a child process."""
    environment = os.environ | {"DATABASE_OWNER_URL": owner_url, "DATABASE_URL": owner_url}
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'.encode())
    _run([sys.executable, "manage.py", "migrate_schemas", "--shared", "-v0"], environment)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        # django-tenants finds the schema to migrate by its workspace's row.
        connection.execute(_INSERT_TENANT, [schema])
    _run([sys.executable, "manage.py", "migrate_schemas", "--tenant", "--schema", schema, "-v0"], environment)


_INSERT_TENANT = (
    "INSERT INTO tenants_tenant (id, schema_name, slug, name, email, state, state_reason, state_since,"
    " plan_code, language, logo, version, created_at)"
    " VALUES (gen_random_uuid(), %s, 'baseline', 'Baseline', 'baseline@example.test', 'trial', '', now(),"
    " 'starter', 'fr', '', 0, now())"
)


def _run(command: list[str], environment: dict[str, str]) -> str:
    completed = subprocess.run(command, env=environment, cwd=settings.BASE_DIR, capture_output=True, text=True)
    if completed.returncode:
        raise BuildFailed(f"{' '.join(command[1:4])}:\n{completed.stdout[-2000:]}\n{completed.stderr[-4000:]}")
    return completed.stdout


def dump(url: str, schema: str) -> str:
    """`pg_dump -s` of one schema, without owners, with privileges."""
    command = [
        # Must be as recent as the server.
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
    for pattern in _SCHEMA_STATEMENTS:
        text = pattern.sub("", text)
    text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
    text = _without_default_privileges(text) + "\n" + _migration_rows(owner_url, schema)
    return text if schema == PUBLIC_SCHEMA else text.replace(schema, PLACEHOLDER)


def _without_default_privileges(sql: str) -> str:
    """Remove privileges: they name the role that ran the migration, and grants.py gives them at each replay."""
    lines = [line for line in sql.splitlines() if not line.startswith(("ALTER DEFAULT PRIVILEGES", "GRANT", "REVOKE"))]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))


def _migration_rows(owner_url: str, schema: str) -> str:
    with psycopg.connect(owner_url) as connection:
        rows = connection.execute(f'SELECT app, name FROM "{schema}".django_migrations ORDER BY app, name'.encode())
        values = ",\n".join(f"    ('{app}', '{name}', now())" for app, name in rows)
    return f"INSERT INTO {schema}.django_migrations (app, name, applied) VALUES\n{values};\n"


def write(built: dict[str, str]) -> list[Path]:
    """Write both files. Returns the paths of the files that changed."""
    from tenants.baseline import baseline_path

    changed = []
    for kind, sql in built.items():
        path = baseline_path(kind)
        if not path.exists() or path.read_text(encoding="utf-8") != sql:
            path.write_text(sql, encoding="utf-8")
            changed.append(path)
    return changed
