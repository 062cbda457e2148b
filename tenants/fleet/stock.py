"""What stock `migrate_schemas` leaves to us in the schema it has just migrated."""

from typing import Any

from django.conf import settings
from django.db import connection

from tenants.context import PUBLIC_SCHEMA, current
from tenants.fleet import applied
from tenants.grants import grant_statements


def after_stock_migration(**kwargs: Any) -> None:
    """post_migrate: the rights, and what the schema now has. The signal comes once for each app; ours is answered."""
    sender = kwargs.get("app_config")
    if sender is None or sender.label != "tenants" or not settings.RUNS_AS_OWNER:
        return
    schema_name = current().schema_name
    with connection.cursor() as cursor:
        _give_rights(cursor, schema_name)
        if schema_name != PUBLIC_SCHEMA:
            _remember(cursor, schema_name)


def _give_rights(cursor: Any, schema_name: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.DB_APP_ROLE])
    if cursor.fetchone():
        for statement in grant_statements(schema_name):
            cursor.execute(statement)


def _remember(cursor: Any, schema_name: str) -> None:
    cursor.execute("SELECT to_regclass('public.tenants_appliedset')")
    if cursor.fetchone() == (None,):
        return
    digest = applied.remember_set(cursor, applied.read(schema_name))
    applied.remember(cursor, schema_name, digest)
