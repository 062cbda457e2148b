"""Creates Ruche's two database roles and the database (docs/adr/0008-two-roles-of-the-database.md)."""

from __future__ import annotations

import psycopg
from psycopg import sql

DATABASE = "ruche"
OWNER = "ruche_owner"
APP = "ruche_app"


def ensure(connection: psycopg.Connection[tuple[object, ...]], passwords: dict[str, str]) -> None:
    """Create missing roles and the database. The owner runs DDL; the application reads and writes rows."""
    for role in (OWNER, APP):
        _role(connection, role, passwords[role])
    if not _exists(connection, "SELECT 1 FROM pg_database WHERE datname = %s", DATABASE):
        name, owner, app = sql.Identifier(DATABASE), sql.Identifier(OWNER), sql.Identifier(APP)
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, app))


def _role(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> None:
    if _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", role):
        return
    statement = sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB PASSWORD {}")
    connection.execute(statement.format(sql.Identifier(role), sql.Literal(password)))


def _exists(connection: psycopg.Connection[tuple[object, ...]], query: str, name: str) -> bool:
    return connection.execute(query.encode(), [name]).fetchone() is not None
