"""One schema of the fleet brought up to the code, a part at a time, each part in one transaction."""

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

# An index built concurrently waits for every transaction that is open.
LOCK_TIMEOUT_ALONE_MS = 60_000

# Receivers that do nothing in a workspace: content types and permissions stand in public only, rights are given here.
_NOTHING_TO_DO = {create_permissions, create_contenttypes, inject_rename_contenttypes_operations, after_stock_migration}


class First:
    """The first schema of a group, migrated while the recipe is written down."""

    def __init__(self, schema_name: str, plan: Plan) -> None:
        self.schema_name, self.plan = schema_name, plan
        self.waiting = list(plan.parts())
        self.state, self.has, self.done = plan.before, plan.applied, list[Part]()

    def run(self) -> Recipe:
        """Called again after an error, it goes on at the part that failed."""
        with schema_context(self.schema_name):
            if not self.done:
                _emit(emit_pre_migrate_signal, self.plan, self.state)
            while self.waiting:
                part, state = self._migrate(*self.waiting[0])
                self.done.append(part)
                self.state, self.has = state, self.has | set(part.records)
                del self.waiting[0]
        return Recipe(self.done, self.state)

    def _migrate(self, atomic: bool, found: list[Migration]) -> tuple[Part, ProjectState]:
        state, records = self.state.clone(), self.plan.recorded_by(found, self.has)
        if not atomic:
            for migration in found:
                state = migration.mutate_state(state)
            part = Part(found, records, Own(self.state), None, tables_of(state))
            _alone(self.schema_name, part, self.has, self.plan, state)
            return part, state
        with transaction.atomic():
            _begin(self.schema_name, self.has)
            steps = apply_and_record(found, state)
            part = Part(found, records, Own(self.state), steps, tables_of(state))
            _end(self.schema_name, part, self.has, self.plan, state)
        return part, state


def again(schema_name: str, plan: Plan, recipe: Recipe) -> None:
    """Do to a schema what was done to the first of its group; what an earlier try has done is not done twice."""
    if _heard(signals.pre_migrate):
        with schema_context(schema_name):
            _emit(emit_pre_migrate_signal, plan, plan.before)
    try:
        _do(schema_name, plan, recipe, recipe.left_for(plan.applied, plan.applied))
    except Changed:
        has = frozenset(applied.read(schema_name))
        _do(schema_name, plan, recipe, recipe.left_for(has, plan.applied))


def _do(schema_name: str, plan: Plan, recipe: Recipe, parts: list[tuple[Part, frozenset[Key]]]) -> None:
    for part, has in parts:
        if part.steps is None:
            with schema_context(schema_name):
                _alone(schema_name, part, has, plan, recipe.after)
        elif (sql := _only_sql(part.steps)) and not _heard(signals.post_migrate):
            _at_once(schema_name, part, sql, has)
        else:
            with schema_context(schema_name), transaction.atomic():
                _begin(schema_name, has)
                for step in part.steps:
                    step.run()
                _end(schema_name, part, has, plan, recipe.after)


def _only_sql(steps: list[Step]) -> Sql | None:
    """The only step of a part, where it may be sent in one message."""
    (step,) = steps if len(steps) == 1 else (None,)
    return step if isinstance(step, Sql) and step.joins else None


def _at_once(schema_name: str, part: Part, step: Sql, has: frozenset[Key]) -> None:
    """All of a part in one message, which the server takes for one transaction: no time is lost on the way."""
    text = [
        statements.path(schema_name),
        *statements.before(schema_name, has),
        *step.statements,
        *_after(schema_name, part, has),
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


def _after(schema_name: str, part: Part, has: frozenset[Key]) -> list[str]:
    tables = part.tables if part.makes_tables else None
    return statements.after(schema_name, part.records, has | set(part.records), tables=tables)


def _begin(schema_name: str, has: frozenset[Key]) -> None:
    _send(statements.before(schema_name, has))


def _end(schema_name: str, part: Part, has: frozenset[Key], plan: Plan, state: ProjectState) -> None:
    _send(_after(schema_name, part, has))
    if part.migrations and part.migrations[-1] is plan.migrations[-1]:
        # As with stock: who listens finds the migrations recorded.
        _emit(emit_post_migrate_signal, plan, state)


def _alone(schema_name: str, part: Part, has: frozenset[Key], plan: Plan, state: ProjectState) -> None:
    """A migration that cannot run in a transaction: the stock way, but for the state, which is there already."""
    if applied.read(schema_name) != has:
        raise Changed
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {LOCK_TIMEOUT_ALONE_MS}")
        try:
            _drop_invalid_indexes(cursor, schema_name)
            _ = part.before.state.apps  # rendered once a thread, not once a schema
            for migration in part.migrations:
                with connection.schema_editor(atomic=False) as editor:
                    migration.apply(part.before.state.clone(), editor)
        finally:
            # A connection that is lost takes it along, and must not hide the error with another.
            if connection.is_usable():
                cursor.execute("RESET lock_timeout")
    with transaction.atomic():
        _end(schema_name, part, has, plan, state)


def _drop_invalid_indexes(cursor: Any, schema_name: str) -> None:
    """What an index that failed half-way leaves: it is never used, and its name is taken."""
    cursor.execute(
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND NOT i.indisvalid",
        [schema_name],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f'DROP INDEX "{schema_name}"."{name}"')


def _emit(emit: Any, plan: Plan, state: ProjectState) -> None:
    """The signal of Django's migrate, where somebody listens who may have something to do in a workspace."""
    if _heard(signals.pre_migrate if emit is emit_pre_migrate_signal else signals.post_migrate):
        found = [(migration, False) for migration in plan.migrations]
        emit(verbosity=0, interactive=False, db=connection.alias, plan=found, apps=state.apps)


@cache
def _heard(signal: Any) -> bool:
    """Asked twice for each schema; who listens is settled when all apps are loaded."""
    return bool(_receivers(signal) - _NOTHING_TO_DO)


def _receivers(signal: Any) -> set[Any]:
    """Those of any sender, or of one app: the signal is sent once for each app."""
    return {
        receiver for config in apps.get_app_configs() for kind in signal._live_receivers(config) for receiver in kind
    }
