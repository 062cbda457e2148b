"""What a workspace may use and has used."""

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db.models import Count, F, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext

from billing.models import AddOn, Entitlement, Plan, QuotaCounter, Reservation, UsageEvent
from billing.types import Gauge
from tenants.context import TenantRef, public_context

_PLAN_CACHE_SECONDS = 60


def plan_key(code: str) -> str:
    return f"plan:{code}"


def plan_of(tenant: TenantRef) -> dict[str, Any]:
    """The plan of a workspace: {"name", "limits": {key: {"label", "limit": Decimal | None}}}, from the cache."""
    with public_context():
        found: dict[str, Any] | None = cache.get(plan_key(tenant.plan_code))
        if found is None:
            plan = Plan.objects.filter(code=tenant.plan_code).first()
            rows = Entitlement.objects.filter(plan_id=tenant.plan_code)
            found = {
                "name": plan.name if plan else tenant.plan_code,
                "limits": {row.key: {"label": row.label, "limit": row.limit} for row in rows},
            }
            cache.set(plan_key(tenant.plan_code), found, _PLAN_CACHE_SECONDS)
    return found


def this_period() -> dt.date:
    """The first day of the month in which use counts now."""
    return timezone.localdate().replace(day=1)


def limit_of(tenant: TenantRef, key: str) -> Decimal | None:
    """What the plan allows of a meter; None: without limit. A key that no plan row names allows nothing."""
    row = plan_of(tenant)["limits"].get(key)
    return Decimal(0) if row is None else row["limit"]


def gauge(tenant: TenantRef, key: str) -> Gauge:
    """Use of one meter this month."""
    return gauges(tenant, [key])[0]


def gauges(tenant: TenantRef, keys: list[str]) -> list[Gauge]:
    """Use of several meters this month, in the order asked for, in one query."""
    limits = plan_of(tenant)["limits"]
    rows = QuotaCounter.objects.filter(tenant_id=tenant.id, period=this_period(), meter__in=keys)
    counters = {row.meter: row for row in rows}
    found = []
    for key in keys:
        counter, limit = counters.get(key), limits.get(key)
        found.append(
            Gauge(
                key=key,
                label=gettext(limit["label"]) if limit else key,
                used=counter.used if counter else Decimal(0),
                reserved=counter.reserved if counter else Decimal(0),
                limit=limit["limit"] if limit else Decimal(0),
            )
        )
    return found


def plans_offered() -> list[Plan]:
    """Plans for sale with their entitlements, in two queries."""
    with public_context():
        return list(Plan.objects.filter(is_offered=True).prefetch_related("entitlements"))


def add_ons() -> list[AddOn]:
    """Options for sale."""
    with public_context():
        return list(AddOn.objects.all())


def open_acts(kind: str) -> list[tuple[UUID, UUID]]:
    """(workspace, reference) of the acts of a kind under way or left by a crash, on the whole platform."""
    rows = Reservation.objects.filter(act=kind, settled_at=None).order_by("expires_at")
    return list(rows.values_list("tenant_id", "reference")[:2000])


def usage_totals(events: QuerySet[UsageEvent]) -> dict[str, Any]:
    """What a list of acts comes to: `acts`, `tokens` of the four buckets together, `cost` (exact)."""
    found = events.order_by().aggregate(
        acts=Count("pk"),
        tokens=Sum(F("input_tokens") + F("cache_read_tokens") + F("cache_write_tokens") + F("output_tokens")),
        cost=Sum("cost"),
    )
    return {"acts": found["acts"], "tokens": found["tokens"] or 0, "cost": found["cost"] or Decimal(0)}


def latest_acts(count: int = 10) -> list[UsageEvent]:
    """The newest lines of the ledger."""
    return list(UsageEvent.objects.order_by("-id")[:count])
