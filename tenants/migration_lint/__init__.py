"""Linter of migrations: refuses those that would block a running fleet, unless they give a reason.

The reason is a class attribute of the migration, `locks_because = "since release 1.4 no code reads it"`, of at least
20 characters; it covers all its operations. Rules required for sharding accept no reason (`rules`).

A lock held while a table is scanned or rewritten matters for large tables: models of workspaces with `grows = True`,
and every table of public, since all workspaces use them.
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

MIN_REASON_LENGTH = 20


@dataclass(frozen=True)
class Refusal:
    """An operation of a migration that breaks a rule. `str()` gives the operation, the reason and the alternative."""

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
    """Lint the migrations of our own apps, or those in `only` (app label, name), without a database.

    Returns the number of linted migrations and the refusals.
    """
    names = None if only is None else set(only)
    labels = set(settings.OWN_APPS)
    loader = MigrationLoader(None, ignore_no_migrations=True)
    state, count, refusals = ProjectState(), 0, []
    for key in _in_order(loader):
        migration = loader.graph.nodes[key]
        if key[0] in labels if names is None else key in names:
            count += 1
            refusals += lint_migration(migration, state)
        migration.mutate_state(state, preserve=False)
    return count, refusals


def _in_order(loader: MigrationLoader) -> list[tuple[str, str]]:
    plan: dict[tuple[str, str], None] = {}
    for leaf in loader.graph.leaf_nodes():
        plan |= dict.fromkeys(loader.graph.forwards_plan(leaf))
    return list(plan)


def lint_migration(migration: Migration, before: ProjectState) -> list[Refusal]:
    """The refusals of one migration. `before`: the state before it, not modified."""
    name = f"{migration.app_label}.{migration.name}"
    reason = getattr(migration, "locks_because", None)
    excused = isinstance(reason, str) and len(reason.strip()) >= MIN_REASON_LENGTH
    refusals = [Refusal(name, operation, rule) for operation, rule in _refused(migration, before)]
    refusals = [refusal for refusal in refusals if not (excused and refusal.rule.excusable)]
    if reason is not None and not excused:
        refusals.append(Refusal(name, f"locks_because = {reason!r}", rules.NO_REASON))
    return refusals


@dataclass
class _MigrationSummary:
    """Properties of all operations of a migration together."""

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
        """Operations that must not share a transaction, with the rule broken."""
        for operation in self.concurrent:
            yield _label(operation), rules.IN_TRANSACTION
        if self.moves_data and self.changes_schema:
            yield f"{_label(self.moves_data[0])}; {_label(self.changes_schema[0])}", rules.MIXED
        if {"AddConstraintNotValid", "ValidateConstraint"} <= self.kinds:
            yield "AddConstraintNotValid, ValidateConstraint", rules.TOGETHER


def _refused(migration: Migration, before: ProjectState) -> Iterator[tuple[str, Rule]]:
    state, summary = before.clone(), _MigrationSummary()
    place = Place(migration.app_label, state)
    for operation in migration.operations:
        # A clone: with SeparateDatabaseAndState the database and the models' state may differ.
        place.state = state.clone()
        for database_operation in _database_operations(operation):
            for rule in dict.fromkeys(operations.rules_of(database_operation, place)):
                yield _label(database_operation), rule
            summary.add(database_operation, place)
            place.after(database_operation)
        operation.state_forwards(migration.app_label, state)
    if migration.atomic:
        yield from summary.refused()


def _database_operations(operation: Any) -> Iterator[Operation]:
    """The operations that change the database, unpacked from SeparateDatabaseAndState."""
    if isinstance(operation, SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _database_operations(inner)
    else:
        yield operation


def _label(operation: Operation) -> str:
    return f"{type(operation).__name__} ({operation.describe()})"
