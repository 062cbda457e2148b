"""Recipe: the steps of a group's migration, recorded while its first schema is migrated.

SQL is collected as the schema editor sends it. Python steps (RunPython, unknown operations) are stored with the states
that they need, rendered once. The plan and its state are built once for all schemas with the same applied migrations;
the SQL once for those whose tables, indexes and constraints also have the same names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres import operations as postgres
from django.db import connection, migrations
from django.db.backends.utils import truncate_name
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import NOT_PROVIDED

from tenants.fleet.applied import Key
from tenants.fleet.plan import Changed
from tenants.fleet.steps import Other, Own, Python, Sql, Step

# Django commits here: deferred constraints are checked now, or the next migration's DDL fails on pending checks.
END_OF_MIGRATION = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


@dataclass
class Part:
    """Steps of one transaction and the migrations recorded at its end.

    `steps` is None if the migration cannot run in a transaction: then each schema is migrated as Django does.
    """

    migrations: list[Migration]
    records: list[Key]
    before: Own
    steps: list[Step] | None
    tables: frozenset[str]  # all tables of the state after it

    @property
    def makes_tables(self) -> bool:
        """Whether grants are needed afterwards. Tables created by RunPython have the default privileges."""
        return self.steps is None or any(
            isinstance(step, Other)
            or (isinstance(step, Sql) and any("create table" in statement.lower() for statement in step.statements))
            for step in self.steps
        )


def tables_of(state: ProjectState) -> frozenset[str]:
    """The table names of a state, without many-to-many tables."""
    names = [model.options.get("db_table") or "_".join(key) for key, model in state.models.items()]
    return frozenset(truncate_name(name, connection.ops.max_name_length()) for name in names)


@dataclass
class Recipe:
    """All parts; `after` is the state at the end."""

    parts: list[Part]
    after: ProjectState

    def remaining_for(
        self, applied_keys: frozenset[Key], initial_keys: frozenset[Key]
    ) -> list[tuple[Part, frozenset[Key]]]:
        """The parts that a schema still needs, each with the migrations applied before it.

        Raises `Changed` if the schema's migrations are not a stage of this recipe: another process has migrated it.
        """
        remaining: list[tuple[Part, frozenset[Key]]] = []
        reached, before = False, initial_keys
        for part in self.parts:
            reached = reached or applied_keys == before
            if reached:
                remaining.append((part, before))
            before |= set(part.records)
        if not reached and applied_keys != before:
            raise Changed
        return remaining


class Recorder:
    """Records the SQL that its schema editor sends."""

    def __init__(self, steps: list[Step]) -> None:
        self.steps = steps

    def record(self, statement: str) -> None:
        last = self.steps[-1] if self.steps else None
        if not isinstance(last, Sql):
            last = Sql()
            self.steps.append(last)
        last.statements.append(statement)

    @contextmanager
    def editor(self) -> Iterator[Any]:
        record = self.record

        class RecordingEditor(connection.SchemaEditorClass):  # type: ignore[name-defined]
            silent = False

            def execute(self, sql: Any, params: Any = ()) -> None:
                text = str(sql)
                if params is not None:
                    text = self.connection.ops.compose_sql(text, params)
                super().execute(text, None)
                if not self.silent:
                    record(text)

        with RecordingEditor(connection, atomic=False) as editor:
            yield editor


def apply_and_record(part: list[Migration], state: ProjectState) -> list[Step]:
    """Migrate the schema in context, in the caller's transaction; `state` is moved forward. Returns the steps."""
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
                    _run_without_recording(editor, step)
                else:
                    step.run()
        with connection.cursor() as cursor:
            cursor.execute(END_OF_MIGRATION)
        recorder.record(END_OF_MIGRATION)
    return steps


def _run_without_recording(editor: Any, step: Other) -> None:
    """Run an unknown operation with the migration's editor, since it may rename objects in the deferred SQL of others.

    Its own deferred SQL runs at once, as in the other schemas.
    """
    deferred = list(editor.deferred_sql)
    editor.silent = True
    step.forwards(editor)
    for statement in editor.deferred_sql:
        if not any(statement is earlier for earlier in deferred):
            editor.execute(statement, None)
    editor.deferred_sql[:] = [
        earlier for earlier in deferred if any(earlier is remaining for remaining in editor.deferred_sql)
    ]
    editor.silent = False


def _step(label: str, operation: Operation, before: ProjectState, after: ProjectState) -> Step:
    if isinstance(operation, migrations.RunPython):
        return Python(label, operation, before)
    return Other(label, operation, before, after)


_KNOWN = (migrations.operations.__name__, postgres.__name__)


def is_sql(operation: Operation) -> bool:
    """Whether an operation works through the schema editor alone, with the same SQL in each schema."""
    if isinstance(operation, migrations.RunPython) or not type(operation).__module__.startswith(_KNOWN):
        return False
    if isinstance(operation, migrations.SeparateDatabaseAndState):
        return all(is_sql(inner) for inner in operation.database_operations)
    return not _has_callable_default(operation)


def _has_callable_default(operation: Operation) -> bool:
    """Whether existing rows get the result of a function (a secret, for example), which differs by schema."""
    default = getattr(getattr(operation, "field", None), "default", None)
    return callable(default) and default not in (dict, list, NOT_PROVIDED)
