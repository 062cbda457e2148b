"""Delivery of facts to their consumers: each in a transaction of its own, in the workspace's context.

A delivery is a row. A process claims rows with SKIP LOCKED, so several drains run concurrently, and a fact whose
transaction commits after later ones is found like any other. The claim commits before the consumer runs: it counts the
try and sets a lease, so that a fact that kills its process cannot block the others. The consumer's writes and the
deletion of the row commit together.
"""

import logging
import traceback
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from events.facts import from_json
from events.models import Delivery, StoredFact
from events.types import Consumer, Event
from tenants.context import TenantRef, public_context, tenant_context
from tenants.fleet.applied import WorkspaceBehind, is_behind
from tenants.models import Tenant
from tenants.queue import JobTimeout
from tenants.selectors import tenant_ref

log = logging.getLogger(__name__)
# Time after each try but the last.
WAITS: Final = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360)]
MAX_TRIES: Final = len(WAITS) + 1
# Longer than a job may run (config/settings/jobs.py): after it, the process that claimed the row is dead.
LEASE: Final = timedelta(minutes=6)
BEHIND: Final = timedelta(minutes=1)
BATCH: Final = 20
# For operators.
PROCESS_DIED: Final = "the process that ran it ended each time, before it could say how"
_TABLE: Final = Delivery._meta.db_table


class _Deleted(Exception):
    """Raised if the fact's own workspace is deleted. A consumer that does not find another workspace has failed."""


class Claim(NamedTuple):
    """A delivery reserved for this process during `LEASE`. A higher `tries` in the row ends the reservation."""

    id: UUID
    fact_id: UUID
    consumer: str
    tries: int


def claim_due() -> list[Claim]:
    """Claim due deliveries: a batch of first tries, and one retry.

    Retries are claimed one at a time: if one kills its process, no other loses a try.
    """
    return _claim("tries = 0", BATCH) + _claim("tries > 0", 1)


def _claim(condition: str, limit: int) -> list[Claim]:
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        # MATERIALIZED, because a plan may run a plain sub-query again and lock more rows than its limit.
        cursor.execute(
            f"WITH due AS MATERIALIZED (SELECT id FROM {_TABLE}"
            f" WHERE dead_at IS NULL AND due_at <= %s AND {condition} AND consumer = ANY(%s)"
            " ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED)"
            f" UPDATE {_TABLE} d SET tries = d.tries + 1, due_at = %s FROM due WHERE d.id = due.id"
            " RETURNING d.id, d.fact_id, d.consumer, d.tries",
            # Deliveries to consumers that this code does not know wait for the code that does.
            [now, list(settings.EVENT_CONSUMERS), limit, now + LEASE],
        )
        claims = [Claim(*row) for row in cursor.fetchall()]
    return sorted(claims, key=lambda claim: claim.fact_id)


def deliver_all(claims: Iterable[Claim]) -> int:
    """Run the consumers of the claims. Returns the number delivered. A failure does not stop the others."""
    claims = list(claims)
    facts = StoredFact.objects.in_bulk([claim.fact_id for claim in claims])
    tenants: dict[UUID, TenantRef] = {}
    return sum(_deliver(claim, facts.get(claim.fact_id), tenants) for claim in claims)


def _deliver(claim: Claim, row: StoredFact | None, tenants: dict[UUID, TenantRef]) -> bool:
    if row is None:
        log.warning("delivery without its fact dropped: %s", claim.id)
        return not _complete(claim)
    if claim.tries > MAX_TRIES:
        _update(claim, dead_at=timezone.now(), error=PROCESS_DIED)
        return False
    try:
        with _context_of(row, tenants), transaction.atomic():
            # First, and locked until the commit, so that only one process has the effect.
            if not _complete(claim):
                return False
            _function(claim.consumer)(_event(row))
    except JobTimeout:
        # The worker's time limit; the claim has counted the try.
        raise
    except _Deleted:
        log.info("fact of a deleted workspace not delivered: %s %s", row.name, row.pk)
        _complete(claim)
        return False
    except WorkspaceBehind:
        _update(claim, tries=claim.tries - 1, due_at=timezone.now() + BEHIND)
        return False
    except Exception as error:
        log.exception("fact not delivered: %s to %s, try %s", row.name, claim.consumer, claim.tries)
        _reschedule(claim, error)
        return False
    return True


def _context_of(row: StoredFact, tenants: dict[UUID, TenantRef]) -> AbstractContextManager[Any]:
    """The context of a fact; suspended and closed workspaces get theirs. Raises `_Deleted` and `WorkspaceBehind`.

    `tenants`: cache of the batch.
    """
    if row.tenant_id is None:
        return public_context()
    try:
        tenant = tenants.get(row.tenant_id) or tenants.setdefault(row.tenant_id, tenant_ref(row.tenant_id))
    except Tenant.DoesNotExist as error:
        raise _Deleted from error
    if is_behind(tenant):
        raise WorkspaceBehind(tenant.slug)
    return tenant_context(tenant)


def _event(row: StoredFact) -> Event:
    fact = from_json(row.name, row.version, row.data, row.subject_id, row.actor_id)
    return Event(row.pk, row.tenant_id, row.at, fact)


def _function(consumer: str) -> Callable[[Event], object]:
    consumers: dict[str, Consumer] = settings.EVENT_CONSUMERS
    function: Callable[[Event], object] = import_string(consumers[consumer].function)
    return function


def _complete(claim: Claim) -> bool:
    """Delete the delivery. False if another process has claimed it since."""
    return bool(Delivery.objects.filter(pk=claim.id, tries=claim.tries).delete()[0])


def _update(claim: Claim, **values: Any) -> None:
    Delivery.objects.filter(pk=claim.id, tries=claim.tries).update(**values)


def _reschedule(claim: Claim, error: Exception) -> None:
    now, place = timezone.now(), _place_of(error)
    if claim.tries >= MAX_TRIES:
        _update(claim, dead_at=now, error=place)
    else:
        _update(claim, due_at=now + WAITS[claim.tries - 1], error=place)


def _place_of(error: Exception) -> str:
    """Type and place of an error. Not its message, which may contain text of the workspace; the log has all."""
    frames = traceback.extract_tb(error.__traceback__)
    own_frames = [frame for frame in frames if Path(frame.filename).is_relative_to(settings.BASE_DIR)] or frames
    return f"{type(error).__name__}, {Path(own_frames[-1].filename).name}:{own_frames[-1].lineno}"[:300]
