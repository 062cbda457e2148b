"""One schema of the fleet brought up to the code, a part at a time, each part in one transaction."""

from typing import Any

from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.contenttypes.management import create_contenttypes, inject_rename_contenttypes_operations
from django.core.management.sql import emit_post_migrate_signal, emit_pre_migrate_signal
from django.db import connection, transaction
from django.db.migrations.state import ProjectState
from django.db.models import signals

from tenants import grants
from tenants.context import schema_context
from tenants.fleet import applied
from tenants.fleet.applied import Key
from tenants.fleet.recipe import Part, Plan, Recipe, apply_and_record
from tenants.fleet.stock import after_stock_migration

# What a lock may wait for before the schema is put back in the queue: a request in that workspace waits behind us.
LOCK_TIMEOUT_MS = 2000
# An index built concurrently waits for every transaction that is open.
LOCK_TIMEOUT_ALONE_MS = 60_000

# Receivers that do nothing in a workspace: content types and permissions stand in public only, rights are given here.
_NOTHING_TO_DO = {create_permissions, create_contenttypes, inject_rename_contenttypes_operations, after_stock_migration}


class Changed(RuntimeError):
    """Raised where a schema's migrations are no longer those it was surveyed with: somebody else migrated it."""


def first(schema_name: str, plan: Plan) -> Recipe:
    """Migrate a schema while its recipe is written down."""
    state = plan.before.clone()
    has, parts = plan.applied, []
    for number, (atomic, found) in enumerate(plan.parts()):
        records = plan.recorded_by(found, has)
        part = Part(found, records, state.clone(), None)
        with schema_context(schema_name):
            if number == 0:
                _emit(emit_pre_migrate_signal, signals.pre_migrate, plan, state)
            if atomic:
                with transaction.atomic():
                    _begin(schema_name, has)
                    part.steps = apply_and_record(found, state)
                    _end(schema_name, part, has, plan, state)
            else:
                for migration in found:
                    state = migration.mutate_state(state)
                _alone(schema_name, part, has, plan, state)
        has |= set(records)
        parts.append(part)
    return Recipe(parts, state)


def again(schema_name: str, plan: Plan, recipe: Recipe) -> None:
    """Do to a schema what was done to the first of its group."""
    has = plan.applied
    with schema_context(schema_name):
        _emit(emit_pre_migrate_signal, signals.pre_migrate, plan, plan.before)
    for part in recipe.parts:
        with schema_context(schema_name):
            if part.steps is None:
                _alone(schema_name, part, has, plan, recipe.after)
            else:
                with transaction.atomic():
                    _begin(schema_name, has)
                    for step in part.steps:
                        step.run()
                    _end(schema_name, part, has, plan, recipe.after)
        has |= set(part.records)


def _begin(schema_name: str, has: frozenset[Key]) -> None:
    with connection.cursor() as cursor:
        # The commit need not reach the disk: what a crash loses, it loses whole, and the next run does it again.
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}; SET LOCAL synchronous_commit = off")
        # The row first, tables after: the order in which requests take them.
        for table in ("tenants_tenant", "tenants_readyschema"):
            cursor.execute(f"SELECT 1 FROM public.{table} WHERE schema_name = %s FOR UPDATE", [schema_name])
        _same(cursor, schema_name, has)


def _same(cursor: Any, schema_name: str, has: frozenset[Key]) -> None:
    cursor.execute(f'SELECT {applied.DIGEST_SQL} FROM "{schema_name}".django_migrations')
    if cursor.fetchone()[0] != applied.digest_of(has):
        raise Changed(schema_name)


def _end(schema_name: str, part: Part, has: frozenset[Key], plan: Plan, state: ProjectState) -> None:
    if part.migrations[-1] is plan.migrations[-1]:
        _emit(emit_post_migrate_signal, signals.post_migrate, plan, state)
    with connection.cursor() as cursor:
        if part.makes_tables:
            for statement in grants.grant_statements(schema_name):
                cursor.execute(statement)
        values = ", ".join(["(%s, %s, now())"] * len(part.records))
        flat = [value for key in part.records for value in key]
        cursor.execute(f'INSERT INTO "{schema_name}".django_migrations (app, name, applied) VALUES {values}', flat)
        applied.remember(cursor, schema_name, applied.digest_of(has | set(part.records)))


def _alone(schema_name: str, part: Part, has: frozenset[Key], plan: Plan, state: ProjectState) -> None:
    """A migration that cannot run in a transaction: the stock way, but for the state, which is there already."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {LOCK_TIMEOUT_ALONE_MS}")
        try:
            _same(cursor, schema_name, has)
            _drop_invalid_indexes(cursor, schema_name)
            for migration in part.migrations:
                with connection.schema_editor(atomic=False) as editor:
                    migration.apply(part.before.clone(), editor)
        finally:
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


def _emit(emit: Any, signal: Any, plan: Plan, state: Any) -> None:
    """The signal of Django's migrate, where somebody listens who may have something to do in a workspace."""
    if _receivers(signal) - _NOTHING_TO_DO:
        found = [(migration, False) for migration in plan.migrations]
        emit(verbosity=0, interactive=False, db=connection.alias, plan=found, apps=state.apps)


def _receivers(signal: Any) -> set[Any]:
    """Those of any sender, or of one app: the signal is sent once for each app."""
    return {
        receiver for config in apps.get_app_configs() for kind in signal._live_receivers(config) for receiver in kind
    }
