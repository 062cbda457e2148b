"""What one schema's migration consists of, written down while it is done to the first of a group.

SQL is collected as the schema editor sends it; what is Python (RunPython, operations that we do not know) is kept
with the states it needs, rendered once. The plan and the state before it are built once for all schemas with the same
migrations applied; the SQL once for those whose tables, indexes and constraints also have the same names.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from threading import Lock, local
from typing import Any

from django.contrib.postgres import operations as postgres
from django.db import connection, migrations, router
from django.db.backends.utils import truncate_name
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

from tenants.fleet.applied import Key

# Stock commits here: checks that were put off are made now, or the next migration's DDL finds them pending.
END_OF_MIGRATION = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


class Changed(RuntimeError):
    """Raised where a schema's migrations are no longer those it was surveyed with: somebody else migrated it."""


class Plan:
    """The migrations that the schema in context still needs, and the state before the first. There may be none, where
    a squashed migration is only to be recorded.

    Raises what Django's loader does where the schema's history contradicts the code's.
    """

    def __init__(self) -> None:
        executor = MigrationExecutor(connection)
        executor.loader.check_consistent_history(connection)
        # As recorded: the loader's own set counts a squashed migration as soon as all that it replaces are there.
        self.applied: frozenset[Key] = frozenset(executor.recorder.applied_migrations())
        self.migrations = tuple(m for m, _back in executor.migration_plan(executor.loader.graph.leaf_nodes()))
        self.before: ProjectState = executor._create_project_state(  # type: ignore[attr-defined]
            with_applied_migrations=True
        )
        self.replacements = dict(executor.loader.replacements)

    @property
    def names(self) -> list[str]:
        found = [(migration.app_label, migration.name) for migration in self.migrations]
        return [f"{app}.{name}" for app, name in found or self.recorded_by([], self.applied)]

    def parts(self) -> Iterator[tuple[bool, list[Migration]]]:
        """Runs of migrations that share a transaction; one that is not atomic stands alone."""
        if not self.migrations:
            yield True, []
        for _number, part in groupby(enumerate(self.migrations), lambda at: (at[1].atomic, at[1].atomic or at[0])):
            found = [migration for _place, migration in part]
            yield bool(found[0].atomic), found

    def recorded_by(self, part: Iterable[Migration], applied: frozenset[Key]) -> list[Key]:
        """The rows of django_migrations that a part adds, as Django's executor would."""
        found: list[Key] = []
        for migration in part:
            found += migration.replaces or [(migration.app_label, migration.name)]
        has = applied | set(found)
        return found + [key for key, m in self.replacements.items() if key not in has and set(m.replaces) <= has]


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


@dataclass
class Part:
    """Steps that share a transaction, and what is recorded at their end. Steps are None where each schema is
    migrated the stock way, for the migration cannot run in a transaction.
    """

    migrations: list[Migration]
    records: list[Key]
    before: Own
    steps: list[Step] | None
    tables: frozenset[str]  # all that the state after it has

    @property
    def makes_tables(self) -> bool:
        """Whether rights must be given afterwards. A table that RunPython makes has those of any new table."""
        return self.steps is None or any(
            isinstance(step, Other)
            or (isinstance(step, Sql) and any("create table" in statement.lower() for statement in step.statements))
            for step in self.steps
        )


def tables_of(state: ProjectState) -> frozenset[str]:
    """The names of a state's tables, those of links left out."""
    names = [model.options.get("db_table") or "_".join(key) for key, model in state.models.items()]
    return frozenset(truncate_name(name, connection.ops.max_name_length()) for name in names)


@dataclass
class Recipe:
    """All parts; `after` is the state at the end."""

    parts: list[Part]
    after: ProjectState

    def left_for(self, has: frozenset[Key], at_first: frozenset[Key]) -> list[tuple[Part, frozenset[Key]]]:
        """The parts that a schema with these migrations still needs, each with those applied before it.

        Raises `Changed` where they are none that this recipe leads to: somebody else migrated it meanwhile.
        """
        found: list[tuple[Part, frozenset[Key]]] = []
        reached, before = False, at_first
        for part in self.parts:
            reached = reached or has == before
            if reached:
                found.append((part, before))
            before |= set(part.records)
        if not reached and has != before:
            raise Changed
        return found


class Recorder:
    """A schema editor that also writes down what it sends."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps

    def told(self, statement: str) -> None:
        last = self.steps[-1] if self.steps else None
        if not isinstance(last, Sql):
            last = Sql()
            self.steps.append(last)
        last.statements.append(statement)

    @contextmanager
    def editor(self) -> Iterator[Any]:
        told = self.told

        class RecordingEditor(connection.SchemaEditorClass):  # type: ignore[name-defined]
            silent = False

            def execute(self, sql: Any, params: Any = ()) -> None:
                text = str(sql)
                if params is not None:
                    text = self.connection.ops.compose_sql(text, params)
                super().execute(text, None)
                if not self.silent:
                    told(text)

        with RecordingEditor(connection, atomic=False) as editor:
            yield editor


def apply_and_record(part: list[Migration], state: ProjectState) -> list[Step]:
    """Migrate the schema in context, in the caller's transaction; `state` becomes the one after. Returns the steps."""
    steps: list[Step] = []
    recorder = Recorder(steps)
    for migration in part:
        with recorder.editor() as editor:
            for operation in migration.operations:
                before = state.clone()
                operation.state_forwards(migration.app_label, state)
                if is_sql(operation):
                    operation.database_forwards(migration.app_label, editor, before, state)
                    continue
                step = _step(migration.app_label, operation, before, state)
                steps.append(step)
                if isinstance(step, Other):
                    _unrecorded(editor, step)
                else:
                    step.run()
        with connection.cursor() as cursor:
            cursor.execute(END_OF_MIGRATION)
        recorder.told(END_OF_MIGRATION)
    return steps


def _unrecorded(editor: Any, step: Other) -> None:
    """With the migration's own editor, for the operation may rename what others have put off until its end; what it
    puts off itself is done at once, as in the schemas that follow.
    """
    put_off = list(editor.deferred_sql)
    editor.silent = True
    step.forwards(editor)
    for statement in editor.deferred_sql:
        if not any(statement is former for former in put_off):
            editor.execute(statement, None)
    editor.deferred_sql[:] = [former for former in put_off if any(former is kept for kept in editor.deferred_sql)]
    editor.silent = False


def _step(label: str, operation: Operation, before: ProjectState, after: ProjectState) -> Step:
    if isinstance(operation, migrations.RunPython):
        return Python(label, operation, before)
    return Other(label, operation, before, after)


_KNOWN = (migrations.operations.__name__, postgres.__name__)


def is_sql(operation: Operation) -> bool:
    """Whether all that an operation does goes through the schema editor, the same in each schema."""
    if isinstance(operation, migrations.RunPython) or not type(operation).__module__.startswith(_KNOWN):
        return False
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        return all(is_sql(inner) for inner in operation.database_operations)
    return not _gives_value_of_its_own(operation)


def _gives_value_of_its_own(operation: Operation) -> bool:
    """Whether rows get what a function returns (a secret, say): each schema asks it anew, as stock does."""
    default = getattr(getattr(operation, "field", None), "default", None)
    return callable(default) and default not in (dict, list, NOT_PROVIDED)
