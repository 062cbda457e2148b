"""Brings a database up to the code: loads the baseline if it is empty, otherwise runs pending migrations."""

import logging

import psycopg
from django.conf import settings
from django.core.management.sql import emit_post_migrate_signal
from django.utils.module_loading import import_string

from tenants import baseline, grants
from tenants.context import PUBLIC_SCHEMA, public_context
from tenants.fleet import run as fleet
from tenants.sql import owner_transaction

log = logging.getLogger(__name__)


def bring_up_to_date() -> str:
    """Load or migrate the database. Returns "made", "migrated" or "current"."""
    with owner_transaction() as owner:
        _ensure_role(owner)
        made = _load_if_empty(owner)
    with public_context():
        if made:
            emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
            return "made"
        report = fleet.run()
    for failure in report.failed:
        log.error("not migrated: schema=%s %s", failure.member.schema_name, failure.error)
    return "current" if report.status == "current" else "migrated"


def seed_catalogue() -> None:
    """Run `settings.SEEDS`, each of which writes only what is missing."""
    with public_context():
        for name in settings.SEEDS:
            import_string(name)()


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
