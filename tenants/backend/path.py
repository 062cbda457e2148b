"""The search path of one driver connection, made the context's before any of its cursors' statements.

PostgreSQL undoes a SET with the transaction or savepoint it ran in, whoever ends that, and in whatever way: a commit
of a failed transaction, SQL by hand, the driver. So what the server says counts (from 18 on it tells every change of
the path); an older one says nothing, and there a path that was set inside a transaction is never trusted.
"""

from typing import Any, Final

import psycopg
from django.db.backends.postgresql import base as postgresql
from psycopg.pq import TransactionStatus

from tenants import context

# What a connection of ours carries its state in, also through the pool.
ATTRIBUTE: Final = "ruche_path"


class Path:
    """What is known of one connection. `watched`: handed out to Django; a pool's own statements need no context."""

    def __init__(self) -> None:
        self.watched = False
        self.name = ""
        self.set_inside = False


def path_of(raw: Any) -> Path:
    """The state of a driver connection."""
    path: Path | None = getattr(raw, ATTRIBUTE, None)
    if path is None:
        path = Path()
        setattr(raw, ATTRIBUTE, path)
        raw.server_cursor_factory = ServerCursor
    return path


def follow(raw: Any) -> None:
    """Make the path of a connection the context's. Raises `NoTenant` where there is none."""
    path = path_of(raw)
    if raw.closed or not path.watched:
        return
    wanted = context.search_path()
    # In a failed transaction only a rollback can follow, and it runs in any path.
    if raw.pgconn.transaction_status != TransactionStatus.INERROR and not _stands(raw, path, wanted):
        _set(raw, path, wanted)


def told_by_server(raw: Any) -> str | None:
    """The path as the server has reported it; None where it does not (before PostgreSQL 18)."""
    told: bytes | None = raw.pgconn.parameter_status(b"search_path")
    return None if told is None else told.decode()


def _stands(raw: Any, path: Path, wanted: str) -> bool:
    told = told_by_server(raw)
    if told is None:
        return path.name == wanted and not path.set_inside
    # The server quotes a name only where it must.
    return told.replace('"', "") == wanted.replace('"', "")


def _set(raw: Any, path: Path, wanted: str) -> None:
    idle = raw.pgconn.transaction_status == TransactionStatus.IDLE
    # Before BEGIN where it can be: then no rollback undoes it.
    if begins := idle and not raw.autocommit:
        raw.autocommit = True
    try:
        # A plain cursor of the driver's, which does not ask us again.
        psycopg.Cursor(raw).execute(f"SET search_path = {wanted}".encode(), prepare=False)
    finally:
        if begins and not raw.closed:
            raw.autocommit = False
    path.name, path.set_inside = wanted, not idle


class InContext:
    """Of a driver's cursor: whatever it runs, and however old it is, runs in the context of that moment."""

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
    """A cursor on the server that is asked of the driver. Django's own passes through the wrapper of `base`."""
