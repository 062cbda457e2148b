"""Keeps the search path of a driver connection equal to the context's, before each statement.

PostgreSQL reverts a SET when its transaction or savepoint is rolled back, by any means: the COMMIT of a failed
transaction, raw SQL, the driver. So the path that the server reports is compared (PostgreSQL 18 and later report every
change); with an older server a path set inside a transaction is set again before each statement.
"""

from typing import Any, Final

import psycopg
from django.db.backends.postgresql import base as postgresql
from psycopg.pq import TransactionStatus

from tenants import context

# Attribute of a driver connection that holds its `Path`, also while it is in the pool.
ATTRIBUTE: Final = "ruche_path"


class Path:
    """State of one connection. `watched`: in use by Django; the pool's own statements need no context."""

    def __init__(self) -> None:
        self.watched = False
        self.name = ""
        self.set_inside = False


def path_of(raw: Any) -> Path:
    """The state of a driver connection, created on first use."""
    path: Path | None = getattr(raw, ATTRIBUTE, None)
    if path is None:
        path = Path()
        setattr(raw, ATTRIBUTE, path)
        raw.server_cursor_factory = ServerCursor
    return path


def follow(raw: Any) -> None:
    """Set the path of a connection to the context's if it differs. Raises `NoTenant` without a context."""
    path = path_of(raw)
    if raw.closed or not path.watched:
        return
    expected = context.search_path()
    # A failed transaction accepts only a rollback, which needs no path.
    if raw.pgconn.transaction_status != TransactionStatus.INERROR and not _is_current(raw, path, expected):
        _set(raw, path, expected)


def reported_path(raw: Any) -> str | None:
    """The path reported by the server; None before PostgreSQL 18, which does not report it."""
    reported: bytes | None = raw.pgconn.parameter_status(b"search_path")
    return None if reported is None else reported.decode()


def _is_current(raw: Any, path: Path, expected: str) -> bool:
    reported = reported_path(raw)
    if reported is None:
        return path.name == expected and not path.set_inside
    # The server quotes names only where necessary.
    return reported.replace('"', "") == expected.replace('"', "")


def _set(raw: Any, path: Path, new_path: str) -> None:
    idle = raw.pgconn.transaction_status == TransactionStatus.IDLE
    # Set outside a transaction if possible: then no rollback reverts it.
    if leaves_transaction := idle and not raw.autocommit:
        raw.autocommit = True
    try:
        # The driver's plain cursor, which does not call `follow`.
        psycopg.Cursor(raw).execute(f"SET search_path = {new_path}".encode(), prepare=False)
    finally:
        if leaves_transaction and not raw.closed:
            raw.autocommit = False
    path.name, path.set_inside = new_path, not idle


class InContext:
    """Mixin of driver cursors: each call runs in the context of that moment, whenever the cursor was opened."""

    connection: Any

    def execute(self, *args: Any, **kwargs: Any) -> Any:
        follow(self.connection)
        return super().execute(*args, **kwargs)  # type: ignore[misc]

    def executemany(self, *args: Any, **kwargs: Any) -> Any:
        follow(self.connection)
        return super().executemany(*args, **kwargs)  # type: ignore[misc]

    def stream(self, *args: Any, **kwargs: Any) -> Any:
        follow(self.connection)
        return super().stream(*args, **kwargs)  # type: ignore[misc]

    def copy(self, *args: Any, **kwargs: Any) -> Any:
        follow(self.connection)
        return super().copy(*args, **kwargs)  # type: ignore[misc]


class Cursor(InContext, postgresql.Cursor):
    """Django's cursor."""


class ServerBindingCursor(InContext, postgresql.ServerBindingCursor):
    """Django's cursor where OPTIONS asks for binding on the server."""


class ServerCursor(InContext, psycopg.ServerCursor):
    """A server-side cursor opened through the driver. Django's own goes through the wrapper of `base`."""
