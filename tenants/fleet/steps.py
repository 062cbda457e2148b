"""Steps of a migration that each schema runs: collected SQL, RunPython, unknown operations."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock, local
from typing import Any

from django.db import connection, migrations, router
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


@dataclass
class Sql:
    """Statements without parameters, in order."""

    statements: list[str] = field(default_factory=list)

    @property
    def joins(self) -> bool:
        """Whether the statements may be sent as one message.

        Not if they change the search path, which the backend restores only between messages, or use savepoints, which
        an implicit transaction does not allow.
        """
        return not any(word in statement.lower() for statement in self.statements for word in _ONE_BY_ONE)

    def run(self) -> None:
        with connection.cursor() as cursor:
            for text in [joined(self.statements)] if self.joins else self.statements:
                cursor.execute(text)


_ONE_BY_ONE = ("search_path", "savepoint")


def joined(statements: Iterable[str]) -> str:
    """The statements as one message. The separator is on its own line, since a statement may end with a comment."""
    return "\n;\n".join(statements)


class Own:
    """A copy of a state for each thread: operations modify the state, and rendered models refer to each other."""

    def __init__(self, state: ProjectState) -> None:
        self._state = bare(state)
        self._threads = local()

    @property
    def state(self) -> ProjectState:
        if not hasattr(self._threads, "state"):
            self._threads.state = self._state.clone()
        return self._threads.state  # type: ignore[no-any-return]


def bare(state: ProjectState) -> ProjectState:
    """A copy without rendered models."""
    copy = state.clone()
    copy.__dict__.pop("apps", None)
    return copy


class Other:
    """An unknown operation, executed in each schema with the states of the first one."""

    def __init__(self, label: str, operation: Operation, before: ProjectState, after: ProjectState) -> None:
        self.label, self.operation = label, operation
        self.before, self.after = Own(before), Own(after)

    def run(self) -> None:
        with connection.schema_editor(atomic=False) as editor:
            self.forwards(editor)

    def forwards(self, editor: Any) -> None:
        self.operation.database_forwards(self.label, editor, self.before.state, self.after.state)


class Python:
    """RunPython in each schema, with models rendered once instead of at each call."""

    _rendering = Lock()

    def __init__(self, label: str, operation: migrations.RunPython, before: ProjectState) -> None:
        self.label, self.operation, self.before = label, operation, before
        self._apps: Any = None

    def run(self) -> None:
        if not router.allow_migrate(connection.alias, self.label, **self.operation.hints):
            return
        with self._rendering:
            if self._apps is None:
                self.before.clear_delayed_apps_cache()
                self._apps = self.before.apps
        with connection.schema_editor(atomic=False) as editor:
            self.operation.code(self._apps, editor)


Step = Sql | Other | Python
