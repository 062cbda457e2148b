"""Follow-up of django-tenants' `migrate_schemas` in the schema it has migrated: grants and the digest."""

from typing import Any

from django.conf import settings
from django.db import connection

from tenants.context import PUBLIC_SCHEMA, current
from tenants.fleet import applied
from tenants.grants import grant_statements


def after_stock_migration(**kwargs: Any) -> None:
    """Receiver of post_migrate. The signal is sent once for each app; only the one for `tenants` is handled."""
    sender = kwargs.get("app_config")
    if sender is None or sender.label != "tenants" or not settings.RUNS_AS_OWNER:
        return
    schema_name = current().schema_name
    with connection.cursor() as cursor:
        _grant(cursor, schema_name)
        if schema_name != PUBLIC_SCHEMA:
            _store_digest(cursor, schema_name)


def _grant(cursor: Any, schema_name: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.DB_APP_ROLE])
    if cursor.fetchone():
        for statement in grant_statements(schema_name):
            cursor.execute(statement)


def _store_digest(cursor: Any, schema_name: str) -> None:
    cursor.execute("SELECT to_regclass('public.tenants_appliedset')")
    if cursor.fetchone() == (None,):
        return
    digest = applied.remember_set(cursor, applied.read(schema_name))
    applied.remember(cursor, schema_name, digest)
