"""Migrations that would stop a fleet while it runs are refused, unless they say why they may.

A migration says it by a class attribute: `locks_because = "since release 1.4 no code reads it"`, one reason (20
characters or more) for all of the migration. What keeps the way open to several machines no reason excuses (`rules`).

A lock for the time of one reading or writing of a table matters where the table is large: of workspaces' models those
that say `grows = True`; of public's tables all, for everybody waits for them.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from tenants.migration_lint import operations, rules
from tenants.migration_lint.place import Place
from tenants.migration_lint.rules import Rule

LEAST_REASON = 20


@dataclass(frozen=True)
class Refusal:
    """One operation of one migration that one rule refuses. As text: what, why, and what to do instead."""

    migration: str
    operation: str
    rule: Rule

    def __str__(self) -> str:
        excuse = '\n  or say why it may: locks_because = "…" in the migration' if self.rule.excusable else ""
        return (
            f"{self.migration}: {self.operation} [{self.rule.name}]\n"
            f"  why: {self.rule.why}\n  instead: {self.rule.instead}{excuse}"
        )


def lint(only: Iterable[tuple[str, str]] | None = None) -> tuple[int, list[Refusal]]:
    """Read the migrations of our own apps, or those named (app label, name), from their files; no database is asked.

    Returns how many were read, and what is refused.
    """
    names = None if only is None else set(only)
    labels = set(settings.OWN_APPS)
    loader = MigrationLoader(None, ignore_no_migrations=True)
    state, count, found = ProjectState(), 0, []
    for key in _in_order(loader):
        migration = loader.graph.nodes[key]
        if key[0] in labels if names is None else key in names:
            count += 1
            found += lint_migration(migration, state)
        migration.mutate_state(state, preserve=False)
    return count, found


def _in_order(loader: MigrationLoader) -> list[tuple[str, str]]:
    plan: dict[tuple[str, str], None] = {}
    for leaf in loader.graph.leaf_nodes():
        plan |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    return list(plan)


def lint_migration(migration: Migration, before: ProjectState) -> list[Refusal]:
    """What is refused of one migration, given the state before it, which is left as it is."""
    name = f"{migration.app_label}.{migration.name}"
    reason = getattr(migration, "locks_because", None)
    excused = isinstance(reason, str) and len(reason.strip()) >= LEAST_REASON
    found = [Refusal(name, told, rule) for told, rule in _refused(migration, before)]
    found = [one for one in found if not (excused and one.rule.excusable)]
    if reason is not None and not excused:
        found.append(Refusal(name, f"locks_because = {reason!r}", rules.NO_REASON))
    return found


@dataclass
class _Whole:
    """What only the operations of a migration together show."""

    moves_data: list[Operation] = field(default_factory=list)
    changes_schema: list[Operation] = field(default_factory=list)
    concurrent: list[Operation] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)

    def add(self, operation: Operation, place: Place) -> None:
        self.kinds.add(type(operation).__name__)
        if operations.runs_concurrently(operation):
            self.concurrent.append(operation)
        if operations.moves_data(operation):
            self.moves_data.append(operation)
        if operations.changes_schema(operation, place):
            self.changes_schema.append(operation)

    def refused(self) -> Iterator[tuple[str, Rule]]:
        """What may not stand in one transaction."""
        for operation in self.concurrent:
            yield _told(operation), rules.IN_TRANSACTION
        if self.moves_data and self.changes_schema:
            yield f"{_told(self.moves_data[0])}; {_told(self.changes_schema[0])}", rules.MIXED
        if {"AddConstraintNotValid", "ValidateConstraint"} <= self.kinds:
            yield "AddConstraintNotValid, ValidateConstraint", rules.TOGETHER


def _refused(migration: Migration, before: ProjectState) -> Iterator[tuple[str, Rule]]:
    state, whole = before.clone(), _Whole()
    place = Place(migration.app_label, state)
    for operation in migration.operations:
        # A clone: what is done to the database and what is said of the models may be two things.
        place.state = state.clone()
        for one in _of_database(operation):
            for rule in dict.fromkeys(operations.rules_of(one, place)):
                yield _told(one), rule
            whole.add(one, place)
            place.after(one)
        operation.state_forwards(migration.app_label, state)
    if migration.atomic:
        yield from whole.refused()


def _of_database(operation: Any) -> Iterator[Operation]:
    """What reaches the database, however deep it is packed."""
    if isinstance(operation, SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _of_database(inner)
    else:
        yield operation


def _told(operation: Operation) -> str:
    return f"{type(operation).__name__} ({operation.describe()})"
