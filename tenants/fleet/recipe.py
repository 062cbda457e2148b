"""What one schema's migration consists of, written down while it is done to the first of a group.

SQL is collected as the schema editor sends it; what is Python (RunPython, operations that we do not know) is kept
with the states it needs, rendered once. The plan and the state before it are built once for all schemas with the same
migrations applied; the SQL once for those whose tables, indexes and constraints also have the same names.
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

# Stock commits here: checks that were put off are made now, or the next migration's DDL finds them pending.
END_OF_MIGRATION = "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"


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
