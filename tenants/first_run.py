"""Bringing a database up to the code: the baseline into an empty one, migrations into one that lags."""

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from tenants import baseline, grants
from tenants.context import PUBLIC_SCHEMA, public_context
from tenants.models import ReadySchema, Tenant
from tenants.sql import owner_transaction


def bring_up_to_date() -> str:
    """Returns "made", "migrated" or "current"."""
    with owner_transaction() as owner:
        _ensure_role(owner)
        made = _load_if_empty(owner)
    with public_context():
        if made:
            emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
            return "made"
        behind = schemas_behind()
        if not behind:
            return "current"
        free = list(ReadySchema.objects.filter(tenant=None).values_list("schema_name", flat=True))
        with owner_transaction() as owner:
            # They are remade from the new baseline; cheaper than to migrate them.
            for name in free:
                owner.execute(f'DROP SCHEMA IF EXISTS "{name}" CASCADE'.encode())
                owner.execute("DELETE FROM public.tenants_readyschema WHERE schema_name = %s", [name])
        call_command("migrate_schemas", verbosity=0, interactive=False)
    return "migrated"


def _ensure_role(owner: psycopg.Connection) -> None:
    if not owner.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [settings.DB_APP_ROLE]).fetchone():
        owner.execute(f"CREATE ROLE {settings.DB_APP_ROLE} NOLOGIN".encode())
        owner.execute(f"GRANT {settings.DB_APP_ROLE} TO CURRENT_USER".encode())


def _load_if_empty(owner: psycopg.Connection) -> bool:
    if owner.execute("SELECT to_regclass('public.django_migrations')").fetchone() != (None,):
        return False
    baseline.replay_public(owner)
    for statement in grants.grant_statements(PUBLIC_SCHEMA):
        owner.execute(statement.encode())
    return True


def schemas_behind() -> list[str]:
    """The schemas that lack a migration of the code: public, then workspaces."""
    disk = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)

    def of(schema_name: str) -> set[tuple[str, str]]:
        labels = {config.label for config in grants.app_configs_of(schema_name)}
        return {key for key in disk if key[0] in labels}

    wanted, of_tenant = {PUBLIC_SCHEMA: of(PUBLIC_SCHEMA)}, of("tenant")
    wanted |= dict.fromkeys(Tenant.objects.values_list("schema_name", flat=True), of_tenant)
    return [name for name, keys in wanted.items() if keys - _applied(name)]


def _applied(schema_name: str) -> set[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT app, name FROM "{schema_name}".django_migrations')
        return set(cursor.fetchall())
