"""Which migrations a schema still needs, in which order and transactions, and the state before the first."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState

from tenants.fleet.applied import Key


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
