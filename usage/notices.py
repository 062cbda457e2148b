"""Pending and sent notices that a limit is near or reached. Jobs send them (usage/jobs.py), outside the metered act.

Crossed thresholds are collected in a Redis set, because the transaction of a refused act is rolled back. A scheduled
job empties the set each minute; an hourly job finds from the counters what Redis lost.
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
from usage.counters import CounterChange
from usage.models import QuotaNotice
from usage.types import Gauge

log = logging.getLogger(__name__)
REACHED: Final = 100
_PENDING_KEY: Final = "ruche:quota:to-tell"


def record_crossings(tenant_id: UUID, changes: Sequence[CounterChange]) -> None:
    """Mark the meters that crossed a threshold for a notice, once the transaction commits."""
    rights = entitlements.for_tenant_id(tenant_id)
    for change in changes:
        if _crosses_threshold(rights.right(change.meter), change):
            _mark_pending_after_commit(tenant_id, change.meter)


def _crosses_threshold(right: Right, change: CounterChange) -> bool:
    before = change.used - change.used_delta
    thresholds = (threshold for threshold in (right.warning_threshold, right.limit) if threshold)
    return any(before < threshold <= change.used for threshold in thresholds)


def _mark_pending_after_commit(tenant_id: UUID, meter: str) -> None:
    transaction.on_commit(lambda: _mark_pending(tenant_id, meter, refused=False), robust=True)


def record_refusal(tenant_id: UUID, gauge: Gauge) -> None:
    """Mark a meter whose claim was refused past the warning threshold: its limit counts as reached."""
    if gauge.limit and (gauge.used + gauge.reserved) * 100 >= gauge.limit * gauge.soft_percent:
        _mark_pending(tenant_id, gauge.key, refused=True)


def pop_pending(count: int = 500) -> list[tuple[UUID, str, bool]]:
    """Remove and return pending notices: (workspace, meter, whether an act was refused). Raises `RedisAway`."""
    members = REDIS.call(lambda: quick_client().spop(_PENDING_KEY, count))
    parts = (member.split(" ") for member in sorted(members or []))
    return [(UUID(tenant_id), meter, refused == "1") for tenant_id, meter, refused in parts]


@dataclass(frozen=True)
class NearLimit:
    """A meter with a sent notice that is still near its limit, for the banner."""

    gauge: Gauge
    reached: bool


_sent_cache = SharedCache[tuple[tuple[str, int], ...]]("quota_notices")


def near_limits(tenant: TenantRef) -> list[NearLimit]:
    """The meters of the banner of owners and admins. No query where no notice was sent this month."""
    sent = _sent_cache.get(_cache_key(tenant), lambda: _sent_notices(tenant))
    if not sent:
        return []
    reached = {meter for meter, threshold in sent if threshold == REACHED}
    gauges = selectors.gauges(tenant, dict(sent))
    return [NearLimit(gauge, gauge.key in reached) for gauge in gauges if gauge.percent >= gauge.soft_percent]


def forget_sent(tenant: TenantRef) -> None:
    """Invalidate the cached notices of a workspace in every process."""
    _sent_cache.forget(_cache_key(tenant))


def _cache_key(tenant: TenantRef) -> str:
    return f"{tenant.id} {this_period()}"


def _sent_notices(tenant: TenantRef) -> tuple[tuple[str, int], ...]:
    rows = QuotaNotice.objects.filter(tenant_id=tenant.id, period=this_period())
    return tuple(rows.values_list("meter", "threshold_percent"))


def _mark_pending(tenant_id: UUID, meter: str, *, refused: bool) -> None:
    member = f"{tenant_id} {meter} {int(refused)}"
    try:
        REDIS.call(lambda: quick_client().sadd(_PENDING_KEY, member))
    except RedisAway:
        log.warning("a notice waits for the hourly look: %s", member)
