"""Schemas made ahead: a workspace takes one by its row, so that no request waits for DDL; a job makes the next.

A schema's tables and the row that names it are one transaction, and so are the taking of it and the workspace's row:
a crash leaves neither a schema that is lost nor a workspace without one. What a crash in a deletion leaves is swept.
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
# One refill at a time, or two count the same few and both make more. It goes with its transaction.
_LOCK = 7_226_002


def make_ready_schema() -> str:
    """Replay the baseline into a new schema, as the owner, in one transaction. Returns its name."""
    with owner_transaction() as owner:
        return _make(owner)


def _make(owner: psycopg.Connection) -> str:
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
    """Make schemas ahead until `TENANT_POOL_SIZE` stand free; how many were made. A job, and part of `prepare`."""
    made = 0
    while _make_if_short():
        made += 1
    return made


def _make_if_short() -> bool:
    with owner_transaction() as owner:
        owner.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        count = owner.execute("SELECT count(*) FROM public.tenants_readyschema WHERE tenant_id IS NULL").fetchone()
        if count is None or not _is_short(count[0]):
            return False
        _make(owner)
        return True


def _is_short(free: int) -> bool:
    """Those that cannot be taken do not count, but as many of them at most: a baseline that lacks a migration would
    have us make such ones for ever.
    """
    size: int = settings.TENANT_POOL_SIZE
    return free < size or (free < 2 * size and free - len(_behind()) < size)


def _behind() -> list[str]:
    """Free schemas that lack a migration of this code: their turn failed, or a process of the former code made them."""
    with public_context():
        return [ready.pk for ready in ReadySchema.objects.filter(tenant=None) if applied.is_behind(ready)]


def take_ready_schema() -> ReadySchema:
    """A free schema, locked by its row; two who ask at one moment get two. Where none is free one is made first, in a
    transaction of its own: it stays free for the next if the caller's fails.

    Raises `WorkspaceBehind` where the baseline lacks a migration of this code.
    """
    made = ""
    while True:
        behind = _behind()
        free = ReadySchema.objects.select_for_update(skip_locked=True).filter(tenant=None).exclude(pk__in=behind)
        ready = free.order_by("created_at").first()
        if ready is not None:
            return ready
        if made in behind:
            raise applied.WorkspaceBehind("The baseline lacks a migration: manage.py schema_baseline.")
        made = make_ready_schema()


_LOST = r"""
SELECT nspname FROM pg_namespace
WHERE nspname ~ '^w_[0-9a-f]{12}$'
AND NOT EXISTS (SELECT 1 FROM public.tenants_tenant WHERE schema_name = nspname)
AND NOT EXISTS (SELECT 1 FROM public.tenants_readyschema WHERE schema_name = nspname)
"""


def lost_schemas() -> list[str]:
    """Schemas of ours that no row names: what a deletion left that was cut before its last step."""
    with public_context(), connection.cursor() as cursor:
        cursor.execute(_LOST)
        return [row[0] for row in cursor.fetchall()]


def sweep_lost_schemas() -> int:
    """Drop them; how many. Scheduled."""
    found = lost_schemas()
    for name in found:
        # Looked at again where it is dropped: somebody may have named it since.
        with owner_transaction() as owner:
            if owner.execute(f"{_LOST} AND nspname = %s".encode(), [name]).fetchone():
                owner.execute(f'DROP SCHEMA "{name}" CASCADE'.encode())
                log.warning("lost schema dropped schema=%s", name)
    return len(found)
