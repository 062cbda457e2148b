"""Telling people that a limit comes near or is reached: once a month and meter, by a job, never in the act's own path.

What crosses a threshold is put in a set in Redis, for a refusal's own transaction leaves no trace; the schedule
empties it each minute. What Redis lost is found by the hourly look at all counters.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction

from plans import entitlements
from plans.meters import this_period
from plans.types import Right
from tenants.breaker import REDIS, RedisAway, quick_client
from tenants.context import TenantRef
from tenants.shared_cache import SharedCache
from usage import selectors
from usage.counters import Moved
from usage.models import QuotaNotice
from usage.types import Gauge

log = logging.getLogger(__name__)
REACHED: Final = 100
_WAITING: Final = "ruche:quota:to-tell"


def watch(tenant_id: UUID, moves: Sequence[Moved]) -> None:
    """Counters have moved: what crossed a threshold is told about once the transaction has committed."""
    rights = entitlements.of_id(tenant_id)
    for moved in moves:
        if _crossed(rights.right(moved.meter), moved):
            _note_after_commit(tenant_id, moved.meter)


def _crossed(right: Right, moved: Moved) -> bool:
    before = moved.used - moved.used_by
    marks = (mark for mark in (right.soft, right.limit) if mark)
    return any(before < mark <= moved.used for mark in marks)


def _note_after_commit(tenant_id: UUID, meter: str) -> None:
    transaction.on_commit(lambda: _note(tenant_id, meter, refused=False), robust=True)


def was_refused(tenant_id: UUID, gauge: Gauge) -> None:
    """An act did not fit. Where little is left, the limit counts as reached: what people want does not go on."""
    if gauge.limit and (gauge.used + gauge.reserved) * 100 >= gauge.limit * gauge.soft_percent:
        _note(tenant_id, gauge.key, refused=True)


def take_waiting(most: int = 500) -> list[tuple[UUID, str, bool]]:
    """(workspace, meter, whether an act was refused) of what was noted, each once. Raises `RedisAway`."""
    taken = REDIS.call(lambda: quick_client().spop(_WAITING, most))
    found = (text.split(" ") for text in sorted(taken or []))
    return [(UUID(tenant_id), meter, refused == "1") for tenant_id, meter, refused in found]


@dataclass(frozen=True)
class Near:
    """A meter that people were told about and that is still near its limit, for the banner."""

    gauge: Gauge
    reached: bool


_open = SharedCache[tuple[tuple[str, int], ...]]("quota_notices")


def near(tenant: TenantRef) -> list[Near]:
    """What owners and admins are shown on every page. No query while nobody was told of anything this month."""
    told = _open.get(_key(tenant), lambda: _told(tenant))
    if not told:
        return []
    reached = {meter for meter, threshold in told if threshold == REACHED}
    gauges = selectors.gauges(tenant, dict(told))
    return [Near(gauge, gauge.key in reached) for gauge in gauges if gauge.percent >= gauge.soft_percent]


def forget_open(tenant: TenantRef) -> None:
    """A notice of the workspace was written: every process reads them anew."""
    _open.forget(_key(tenant))


def _key(tenant: TenantRef) -> str:
    return f"{tenant.id} {this_period()}"


def _told(tenant: TenantRef) -> tuple[tuple[str, int], ...]:
    rows = QuotaNotice.objects.filter(tenant_id=tenant.id, period=this_period())
    return tuple(rows.values_list("meter", "threshold_percent"))


def _note(tenant_id: UUID, meter: str, *, refused: bool) -> None:
    text = f"{tenant_id} {meter} {int(refused)}"
    try:
        REDIS.call(lambda: quick_client().sadd(_WAITING, text))
    except RedisAway:
        log.warning("a notice waits for the hourly look: %s", text)
