"""The migrations that a schema still needs, their transactions, and the state before the first one."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from tenants.fleet.applied import Key


class Changed(RuntimeError):
    """Raised when a schema has other migrations than in the survey: another process has migrated it."""


class Plan:
    """The migrations that the schema in context still needs, and the state before the first one.

    There are none if only a squashed migration is to be recorded. Raises the errors of Django's loader if the schema's
    history contradicts the code's.
    """

    def __init__(self) -> None:
        executor = MigrationExecutor(connection)
        executor.loader.check_consistent_history(connection)
        # As recorded: the loader also counts a squashed migration if all that it replaces is applied.
        self.applied: frozenset[Key] = frozenset(executor.recorder.applied_migrations())
        self.migrations = tuple(m for m, _back in executor.migration_plan(executor.loader.graph.leaf_nodes()))
        self.before: ProjectState = executor._create_project_state(  # type: ignore[attr-defined]
            with_applied_migrations=True
        )
        self.replacements = dict(executor.loader.replacements)

    @property
    def names(self) -> list[str]:
        keys = [(migration.app_label, migration.name) for migration in self.migrations]
        return [f"{app}.{name}" for app, name in keys or self.recorded_by([], self.applied)]

    def parts(self) -> Iterator[tuple[bool, list[Migration]]]:
        """(atomic, migrations) of each part: consecutive migrations of one transaction, or one non-atomic migration."""
        if not self.migrations:
            yield True, []
        for _number, part in groupby(enumerate(self.migrations), lambda at: (at[1].atomic, at[1].atomic or at[0])):
            migrations = [migration for _place, migration in part]
            yield bool(migrations[0].atomic), migrations

    def recorded_by(self, part: Iterable[Migration], applied: frozenset[Key]) -> list[Key]:
        """The rows that a part adds to django_migrations, as Django's executor would."""
        keys: list[Key] = []
        for migration in part:
            keys += migration.replaces or [(migration.app_label, migration.name)]
        applied_keys = applied | set(keys)
        return keys + [
            key for key, m in self.replacements.items() if key not in applied_keys and set(m.replaces) <= applied_keys
        ]
