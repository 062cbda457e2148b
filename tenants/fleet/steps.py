"""The steps of a migration as each schema runs them: collected SQL, `RunPython`, operations we do not know."""

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
        """Whether they may be sent as one message. The backend puts a path right that a statement has changed, but
        only between messages; and a message that is its own transaction takes no savepoint.
        """
        return not any(word in statement.lower() for statement in self.statements for word in _ONE_BY_ONE)

    def run(self) -> None:
        with connection.cursor() as cursor:
            for text in [joined(self.statements)] if self.joins else self.statements:
                cursor.execute(text)


_ONE_BY_ONE = ("search_path", "savepoint")


def joined(statements: Iterable[str]) -> str:
    """One message. A statement may end in a comment, so what ends it stands on the next line."""
    return "\n;\n".join(statements)


class Own:
    """A state for each thread: operations change what they are given, and rendered models know each other."""

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
    """An operation that we do not know, done anew in each schema, with the states of the first."""

    def __init__(self, label: str, operation: Operation, before: ProjectState, after: ProjectState) -> None:
        self.label, self.operation = label, operation
        self.before, self.after = Own(before), Own(after)

    def run(self) -> None:
        with connection.schema_editor(atomic=False) as editor:
            self.forwards(editor)

    def forwards(self, editor: Any) -> None:
        self.operation.database_forwards(self.label, editor, self.before.state, self.after.state)


class Python:
    """RunPython in each schema, less its rendering of all models anew at each call."""

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
