"""Guards taken away, for the tests that show that the suite sees it. Never used by the application.

`older_server` takes away no guard: the server is taken for one that does not report its path (before PostgreSQL 18).
"""

import threading
from collections.abc import Callable
from typing import Any

from tenants import context
from tenants.backend import path
from tenants.backend.base import DatabaseWrapper


def older_server() -> None:
    path.reported_path = lambda raw: None


def limit_set_calls() -> None:
    """As TENANT_LIMIT_SET_CALLS: set where the context changes, and not again when a transaction has undone it."""
    path._is_current = lambda raw, known, wanted: known.name == wanted


def only_at_djangos_cursors() -> None:
    """As django-tenants does: set when Django makes a cursor, not before what the driver runs."""
    real = DatabaseWrapper._cursor

    def _cursor(self: Any, name: str | None = None) -> Any:
        self.ensure_connection()
        path_follow(self.connection)
        return real(self, name)

    path_follow = path.follow
    path.follow = lambda raw: None
    DatabaseWrapper._cursor = _cursor


class Anywhere:
    """A ContextVar's manners without its meaning: one value for the whole process."""

    def __init__(self, default: Any) -> None:
        self.default = default

    def get(self) -> Any:
        return getattr(self, "value", self.default)

    def set(self, value: Any) -> Any:
        before, self.value = self.get(), value
        return before

    def reset(self, before: Any) -> None:
        self.value = before


class InThread(Anywhere, threading.local):
    """The same, one value a thread."""


def one_context_for_all() -> None:
    context._current = Anywhere(None)


def context_of_the_thread() -> None:
    """As `connection.schema_name`: an attribute of what a thread has, and public where nobody set it."""
    context._current = InThread(context.PUBLIC)


def one_key_for_all() -> None:
    """Cache keys and signing salts without the workspace."""
    context.scope_key = lambda: "public"


def nothing() -> None:
    pass


KNOWN = (
    older_server,
    limit_set_calls,
    only_at_djangos_cursors,
    one_context_for_all,
    context_of_the_thread,
    one_key_for_all,
)
SWITCHES: dict[str, Callable[[], None]] = {"": nothing} | {known.__name__: known for known in KNOWN}
