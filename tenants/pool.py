"""Pool of ready schemas: a workspace claims one by its row, so that no request waits for DDL; a job refills the pool.

A schema and the row that names it are created in one transaction; claiming the schema and creating the workspace's
row are another. So a crash leaves neither an orphan schema nor a workspace without one. A crash during a deletion may
leave an orphan, which a scheduled job drops.
"""

import logging
import secrets

import psycopg
from django.conf import settings
from django.db import connection

from tenants import baseline, grants
from tenants.context import public_context
from tenants.fleet import applied
from tenants.models import ReadySchema
from tenants.sql import owner_transaction

log = logging.getLogger(__name__)
# Advisory lock of a refill, released with its transaction: two concurrent refills would create too many.
_LOCK = 7_226_002


def create_ready_schema() -> str:
    """Replay the baseline into a new schema, as the owner, in one transaction. Returns the schema's name."""
    with owner_transaction() as owner:
        return _create(owner)


def _create(owner: psycopg.Connection) -> str:
    name = f"w_{secrets.token_hex(6)}"
    baseline.replay_tenant(owner, name)
    for statement in grants.grant_statements(name):
        owner.execute(statement.encode())
    with owner.cursor() as cursor:
        cursor.execute(f'SELECT app, name FROM "{name}".django_migrations'.encode())
        digest = applied.remember_set(cursor, cursor.fetchall())
        cursor.execute(
            "INSERT INTO public.tenants_readyschema (schema_name, created_at, applied) VALUES (%s, now(), %s)",
            [name, digest],
        )
    return name


def refill_ready_schemas() -> int:
    """Create schemas until `TENANT_POOL_SIZE` are free. Returns how many. A job, and part of `prepare`."""
    created = 0
    while _create_if_short():
        created += 1
    return created


def _create_if_short() -> bool:
    with owner_transaction() as owner:
        owner.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        count = owner.execute("SELECT count(*) FROM public.tenants_readyschema WHERE tenant_id IS NULL").fetchone()
        if count is None or not _is_short(count[0]):
            return False
        _create(owner)
        return True


def _is_short(free: int) -> bool:
    """Whether fewer than `TENANT_POOL_SIZE` schemas can be claimed.

    Schemas behind the code do not count as free, up to `TENANT_POOL_SIZE` of them: otherwise a baseline that lacks a
    migration would have the pool grow without end.
    """
    size: int = settings.TENANT_POOL_SIZE
    return free < size or (free < 2 * size and free - len(_behind()) < size)


def _behind() -> list[str]:
    """Free schemas that lack a migration: theirs failed, or a process with an older release created them."""
    with public_context():
        return [ready.pk for ready in ReadySchema.objects.filter(tenant=None) if applied.is_behind(ready)]


def take_ready_schema() -> ReadySchema:
    """A free schema with its row locked; concurrent callers get different ones.

    If none is free, one is created in a transaction of its own; it stays free if the caller's transaction fails.
    Raises `WorkspaceBehind` if the baseline lacks a migration of this code.
    """
    created = ""
    while True:
        behind = _behind()
        free = ReadySchema.objects.select_for_update(skip_locked=True).filter(tenant=None).exclude(pk__in=behind)
        ready = free.order_by("created_at").first()
        if ready is not None:
            return ready
        if created in behind:
            raise applied.WorkspaceBehind("The baseline lacks a migration: manage.py schema_baseline.")
        created = create_ready_schema()


_ORPHANS = r"""
SELECT nspname FROM pg_namespace
WHERE nspname ~ '^w_[0-9a-f]{12}$'
AND NOT EXISTS (SELECT 1 FROM public.tenants_tenant WHERE schema_name = nspname)
AND NOT EXISTS (SELECT 1 FROM public.tenants_readyschema WHERE schema_name = nspname)
"""


def orphan_schemas() -> list[str]:
    """Workspace schemas that no row names: left by a deletion interrupted before its last step."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute(_ORPHANS)
        return [row[0] for row in cursor.fetchall()]


def drop_orphan_schemas() -> int:
    """Drop the orphan schemas. Returns how many were seen. Scheduled."""
    names = orphan_schemas()
    for name in names:
        # Checked again in the transaction of the drop: a row may name it by now.
        with owner_transaction() as owner:
            if owner.execute(f"{_ORPHANS} AND nspname = %s".encode(), [name]).fetchone():
                owner.execute(f'DROP SCHEMA "{name}" CASCADE'.encode())
                log.warning("orphan schema dropped schema=%s", name)
    return len(names)
