"""Migrates one schema of the fleet, a part at a time, each part in one transaction."""

from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes, inject_rename_contenttypes_operations
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import DataError, connection, transaction
from django.db.migrations.migration import Migration
from django.db.migrations.state import ProjectState
from django.db.models import signals

from tenants.context import public_context, schema_context
from tenants.fleet import applied, statements
from tenants.fleet.applied import Key
from tenants.fleet.plan import Changed, Plan
from tenants.fleet.recipe import Part, Recipe, apply_and_record, tables_of
from tenants.fleet.steps import Own, Sql, Step, joined
from tenants.fleet.stock import after_stock_migration

# CREATE INDEX CONCURRENTLY waits for all open transactions.
CONCURRENT_LOCK_TIMEOUT_MS = 60_000

# Receivers without effect in a workspace: content types and permissions are in public only, grants are given here.
_IGNORED_RECEIVERS = {
    create_permissions,
    create_contenttypes,
    inject_rename_contenttypes_operations,
    after_stock_migration,
}


class FirstSchema:
    """Migrates the first schema of a group and records the recipe."""

    def __init__(self, schema_name: str, plan: Plan) -> None:
        self.schema_name, self.plan = schema_name, plan
        self.pending = list(plan.parts())
        self.state, self.applied_keys, self.done = plan.before, plan.applied, list[Part]()

    def run(self) -> Recipe:
        """Migrate the schema and return the recipe. After an error, another call resumes at the part that failed."""
        with schema_context(self.schema_name):
            if not self.done:
                _emit(emit_pre_migrate_signal, self.plan, self.state)
            while self.pending:
                part, state = self._migrate(*self.pending[0])
                self.done.append(part)
                self.state, self.applied_keys = state, self.applied_keys | set(part.records)
                del self.pending[0]
        return Recipe(self.done, self.state)

    def _migrate(self, atomic: bool, migrations: list[Migration]) -> tuple[Part, ProjectState]:
        state, records = self.state.clone(), self.plan.recorded_by(migrations, self.applied_keys)
        if not atomic:
            for migration in migrations:
                state = migration.mutate_state(state)
            part = Part(migrations, records, Own(self.state), None, tables_of(state))
            _migrate_without_transaction(self.schema_name, part, self.applied_keys, self.plan, state)
            return part, state
        with transaction.atomic():
            _begin(self.schema_name, self.applied_keys)
            steps = apply_and_record(migrations, state)
            part = Part(migrations, records, Own(self.state), steps, tables_of(state))
            _end(self.schema_name, part, self.applied_keys, self.plan, state)
        return part, state


def replay_schema(schema_name: str, plan: Plan, recipe: Recipe) -> None:
    """Apply a recipe to a schema. Parts that an earlier try has committed are skipped."""
    if _has_receivers(signals.pre_migrate):
        with schema_context(schema_name):
            _emit(emit_pre_migrate_signal, plan, plan.before)
    try:
        _apply_parts(schema_name, plan, recipe, recipe.remaining_for(plan.applied, plan.applied))
    except Changed:
        applied_keys = frozenset(applied.read(schema_name))
        _apply_parts(schema_name, plan, recipe, recipe.remaining_for(applied_keys, plan.applied))


def _apply_parts(schema_name: str, plan: Plan, recipe: Recipe, parts: list[tuple[Part, frozenset[Key]]]) -> None:
    for part, applied_keys in parts:
        if part.steps is None:
            with schema_context(schema_name):
                _migrate_without_transaction(schema_name, part, applied_keys, plan, recipe.after)
        elif (sql := _single_sql_step(part.steps)) and not _has_receivers(signals.post_migrate):
            _run_as_one_message(schema_name, part, sql, applied_keys)
        else:
            with schema_context(schema_name), transaction.atomic():
                _begin(schema_name, applied_keys)
                for step in part.steps:
                    step.run()
                _end(schema_name, part, applied_keys, plan, recipe.after)


def _single_sql_step(steps: list[Step]) -> Sql | None:
    """The step of a part that has only one and can be sent in one message, else None."""
    (step,) = steps if len(steps) == 1 else (None,)
    return step if isinstance(step, Sql) and step.joins else None


def _run_as_one_message(schema_name: str, part: Part, step: Sql, applied_keys: frozenset[Key]) -> None:
    """Send a part as one message, which the server runs in one transaction: one round trip for each schema."""
    text = [
        statements.search_path(schema_name),
        *statements.before(schema_name, applied_keys),
        *step.statements,
        *_statements_after(schema_name, part, applied_keys),
    ]
    with public_context():
        _send(text)


def _send(text: list[str]) -> None:
    try:
        with connection.cursor() as cursor:
            cursor.execute(joined(text))
    except DataError as error:
        if statements.CHANGED in str(error):
            raise Changed from error
        raise


def _statements_after(schema_name: str, part: Part, applied_keys: frozenset[Key]) -> list[str]:
    tables = part.tables if part.makes_tables else None
    return statements.after(schema_name, part.records, applied_keys | set(part.records), tables=tables)


def _begin(schema_name: str, applied_keys: frozenset[Key]) -> None:
    _send(statements.before(schema_name, applied_keys))


def _end(schema_name: str, part: Part, applied_keys: frozenset[Key], plan: Plan, state: ProjectState) -> None:
    _send(_statements_after(schema_name, part, applied_keys))
    if part.migrations and part.migrations[-1] is plan.migrations[-1]:
        # As in Django, the receivers find the migrations recorded.
        _emit(emit_post_migrate_signal, plan, state)


def _migrate_without_transaction(
    schema_name: str, part: Part, applied_keys: frozenset[Key], plan: Plan, state: ProjectState
) -> None:
    """Run a migration that cannot run in a transaction, as Django does, with the state of the recipe.

    Raises `Changed` if another process has migrated the schema.
    """
    if applied.read(schema_name) != applied_keys:
        raise Changed
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {CONCURRENT_LOCK_TIMEOUT_MS}")
        try:
            _drop_invalid_indexes(cursor, schema_name)
            _ = part.before.state.apps  # renders once for each thread instead of each schema
            for migration in part.migrations:
                with connection.schema_editor(atomic=False) as editor:
                    migration.apply(part.before.state.clone(), editor)
        finally:
            # On a lost connection this would raise and hide the first error; the setting is gone with it.
            if connection.is_usable():
                cursor.execute("RESET lock_timeout")
    with transaction.atomic():
        _end(schema_name, part, applied_keys, plan, state)


def _drop_invalid_indexes(cursor: Any, schema_name: str) -> None:
    """Drop what a failed concurrent index build leaves: an unused index that occupies the name."""
    cursor.execute(
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND NOT i.indisvalid",
        [schema_name],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f'DROP INDEX "{schema_name}"."{name}"')


def _emit(emit: Any, plan: Plan, state: ProjectState) -> None:
    """Send a signal of Django's migrate if a receiver may have an effect in a workspace."""
    if _has_receivers(signals.pre_migrate if emit is emit_pre_migrate_signal else signals.post_migrate):
        executed = [(migration, False) for migration in plan.migrations]
        emit(verbosity=0, interactive=False, db=connection.alias, plan=executed, apps=state.apps)


@cache
def _has_receivers(signal: Any) -> bool:
    """Whether a signal has receivers that matter. Cached: called twice a schema, constant once all apps are loaded."""
    return bool(_receivers(signal) - _IGNORED_RECEIVERS)


def _receivers(signal: Any) -> set[Any]:
    """The receivers for any sender or for one app: the signal is sent once for each app."""
    return {
        receiver for config in apps.get_app_configs() for kind in signal._live_receivers(config) for receiver in kind
    }
