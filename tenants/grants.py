"""Who may do what to a table: the application reads and writes rows, never tables; some tables it only appends to.

A model is append-only when its class says `append_only = True` (audit log, ledgers).
"""

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connection, models

from config.apps import shared_apps, tenant_apps
from tenants.context import PUBLIC_SCHEMA, current


def app_configs_of(schema_name: str) -> list[AppConfig]:
    """The apps whose tables stand in a schema: public, or any workspace's."""
    names = set(shared_apps() if schema_name == PUBLIC_SCHEMA else tenant_apps())
    return [
        config
        for config in apps.get_app_configs()
        if config.name in names or f"{type(config).__module__}.{type(config).__qualname__}" in names
    ]


def models_of(schema_name: str) -> list[type[models.Model]]:
    """The models whose tables stand in a schema, by table name."""
    found = [
        model
        for config in app_configs_of(schema_name)
        for model in config.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]
    return sorted(found, key=lambda model: model._meta.db_table)


def grant_statements(schema_name: str) -> list[str]:
    """The SQL that gives the application role its rights in a schema. Idempotent."""
    role, schema = settings.DB_APP_ROLE, f'"{schema_name}"'
    rights = "SELECT, INSERT, UPDATE, DELETE"
    statements = [
        f"GRANT USAGE ON SCHEMA {schema} TO {role}",
        f"GRANT {rights} ON ALL TABLES IN SCHEMA {schema} TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {rights} ON TABLES TO {role}",
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT USAGE, SELECT ON SEQUENCES TO {role}",
        f"REVOKE INSERT, UPDATE, DELETE ON {schema}.django_migrations FROM {role}",
    ]
    statements += [
        f'REVOKE UPDATE, DELETE ON {schema}."{model._meta.db_table}" FROM {role}'
        for model in models_of(schema_name)
        if getattr(model, "append_only", False)
    ]
    return statements


def grant_after_migrate(**kwargs: Any) -> None:
    """post_migrate: the rights of the schema just migrated. Runs once a schema, at the last app's signal."""
    sender = kwargs.get("app_config")
    if sender is None or sender.label != "tenants" or not settings.RUNS_AS_OWNER:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.DB_APP_ROLE])
        if not cursor.fetchone():
            return
        for statement in grant_statements(current().schema_name):
            cursor.execute(statement)
