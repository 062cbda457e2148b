"""Giving facts to their consumers: each delivery in a transaction of its own, in the workspace's context.

A delivery is a row. It is claimed by its row (SKIP LOCKED), so several drains work side by side and a fact of a long
transaction, which commits after later ones, is found like any other. The claim is committed before the consumer runs:
it counts the try and says until when it is this process's, so that a fact that kills its process cannot hold up the
others. The consumer's effect and the end of the row commit together.
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

from events.facts import read_back
from events.models import Delivery, StoredFact
from events.types import Consumer, Event
from tenants.context import TenantRef, public_context, tenant_context
from tenants.fleet.applied import WorkspaceBehind, is_behind
from tenants.models import Tenant
from tenants.queue import JobTimeout
from tenants.selectors import tenant_ref

log = logging.getLogger(__name__)
# After each try but the last.
WAITS: Final = [timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360)]
MAX_TRIES: Final = len(WAITS) + 1
# Longer than a job may run (config/settings/jobs.py): who claimed a row and has not ended it by then is dead.
LEASE: Final = timedelta(minutes=6)
BEHIND: Final = timedelta(minutes=1)
BATCH: Final = 20
# For operators.
_NEVER_CAME_BACK: Final = "the process that ran it ended each time, before it could say how"
_TABLE: Final = Delivery._meta.db_table


class _Deleted(Exception):
    """Raised where the fact's own workspace is gone: a consumer that misses another one has failed."""


class Claim(NamedTuple):
    """A delivery that is this process's for `LEASE`, unless `tries` has moved on."""

    id: UUID
    fact_id: UUID
    consumer: str
    tries: int


def claim() -> list[Claim]:
    """Take what is due: a batch of first tries, and one that was tried before.

    Those go one at a time: where a process dies of one, only that one has lost a try.
    """
    return _claim("tries = 0", BATCH) + _claim("tries > 0", 1)


def _claim(which: str, most: int) -> list[Claim]:
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        # Materialized: a plan may run a plain sub-query again, and so lock more rows than its limit.
        cursor.execute(
            f"WITH mine AS MATERIALIZED (SELECT id FROM {_TABLE}"
            f" WHERE dead_at IS NULL AND due_at <= %s AND {which} AND consumer = ANY(%s)"
            " ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED)"
            f" UPDATE {_TABLE} d SET tries = d.tries + 1, due_at = %s FROM mine WHERE d.id = mine.id"
            " RETURNING d.id, d.fact_id, d.consumer, d.tries",
            # What this code does not know waits for the code that does.
            [now, list(settings.EVENT_CONSUMERS), most, now + LEASE],
        )
        found = [Claim(*row) for row in cursor.fetchall()]
    return sorted(found, key=lambda taken: taken.fact_id)


def deliver_all(claims: Iterable[Claim]) -> int:
    """Run the consumers of what was claimed; how many had their fact. One that fails stops no other."""
    claims = list(claims)
    facts = StoredFact.objects.in_bulk([taken.fact_id for taken in claims])
    tenants: dict[UUID, TenantRef] = {}
    return sum(_deliver(taken, facts.get(taken.fact_id), tenants) for taken in claims)


def _deliver(taken: Claim, row: StoredFact | None, tenants: dict[UUID, TenantRef]) -> bool:
    if row is None:
        log.warning("delivery without its fact dropped: %s", taken.id)
        return not _end(taken)
    if taken.tries > MAX_TRIES:
        _put(taken, dead_at=timezone.now(), error=_NEVER_CAME_BACK)
        return False
    try:
        with _context_of(row, tenants), transaction.atomic():
            # First, and under lock until the end: the effect is of whoever ended the row.
            if not _end(taken):
                return False
            _function(taken.consumer)(_event(row))
    except JobTimeout:
        # The worker's limit; the claim has counted the try.
        raise
    except _Deleted:
        log.info("fact of a deleted workspace not delivered: %s %s", row.name, row.pk)
        _end(taken)
        return False
    except WorkspaceBehind:
        _put(taken, tries=taken.tries - 1, due_at=timezone.now() + BEHIND)
        return False
    except Exception as error:
        log.exception("fact not delivered: %s to %s, try %s", row.name, taken.consumer, taken.tries)
        _failed(taken, error)
        return False
    return True


def _context_of(row: StoredFact, tenants: dict[UUID, TenantRef]) -> AbstractContextManager[Any]:
    """Raises `_Deleted` and `WorkspaceBehind`. A suspended or closed workspace hears its facts too.

    `tenants`: those of the batch that were read already.
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
    fact = read_back(row.name, row.version, row.data, row.subject_id, row.actor_id)
    return Event(row.pk, row.tenant_id, row.at, fact)


def _function(consumer: str) -> Callable[[Event], object]:
    known: dict[str, Consumer] = settings.EVENT_CONSUMERS
    found: Callable[[Event], object] = import_string(known[consumer].function)
    return found


def _end(taken: Claim) -> bool:
    """The consumer has its fact. False where somebody else has taken it since."""
    return bool(Delivery.objects.filter(pk=taken.id, tries=taken.tries).delete()[0])


def _put(taken: Claim, **values: Any) -> None:
    Delivery.objects.filter(pk=taken.id, tries=taken.tries).update(**values)


def _failed(taken: Claim, error: Exception) -> None:
    now, said = timezone.now(), _place_of(error)
    if taken.tries >= MAX_TRIES:
        _put(taken, dead_at=now, error=said)
    else:
        _put(taken, due_at=now + WAITS[taken.tries - 1], error=said)


def _place_of(error: Exception) -> str:
    """Kind and place of an error, without its message: that may hold words of the workspace. The log has it all."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(settings.BASE_DIR)] or frames
    return f"{type(error).__name__}, {Path(ours[-1].filename).name}:{ours[-1].lineno}"[:300]
