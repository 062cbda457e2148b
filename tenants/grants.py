"""Privileges of the application's database role: rows only, no DDL, and INSERT only on append-only tables.

A model is append-only if its class sets `append_only = True` (audit log, ledgers).
"""

from django.apps import AppConfig, apps
from django.conf import settings
from django.db import models

from tenants.context import PUBLIC_SCHEMA


def app_configs_of(schema_name: str) -> list[AppConfig]:
    """The apps with tables in a schema: public, or any workspace's."""
    names = set(settings.SHARED_APPS if schema_name == PUBLIC_SCHEMA else settings.TENANT_APPS)
    return [
        config
        for config in apps.get_app_configs()
        if config.name in names or f"{type(config).__module__}.{type(config).__qualname__}" in names
    ]


def models_of(schema_name: str) -> list[type[models.Model]]:
    """The models with tables in a schema, ordered by table name."""
    managed = [
        model
        for config in app_configs_of(schema_name)
        for model in config.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy
    ]
    return sorted(managed, key=lambda model: model._meta.db_table)


def grant_statements(schema_name: str) -> list[str]:
    """The SQL that gives the application role its privileges in a schema. Idempotent."""
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
