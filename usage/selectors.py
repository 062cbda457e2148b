"""Use and reservations of a workspace, and the usage ledger."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, QuerySet, Sum
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from plans import entitlements
from plans.meters import Slot, slot_of
from tenants.context import TenantRef
from usage.models import QuotaCounter, Reservation, UsageEvent
from usage.types import Gauge

NOTHING = Decimal(0)


def gauge(tenant: TenantRef, key: str) -> Gauge:
    """Use of one meter in its current slot."""
    return gauges(tenant, [key])[0]


def gauges(tenant: TenantRef, keys: Iterable[str]) -> list[Gauge]:
    """Use of several meters in their current slots, in the order of `keys`, in one query."""
    keys, rights = list(keys), entitlements.for_tenant(tenant)
    counters = counters_of(tenant.id, {key: slot_of(key) for key in keys})
    results = []
    for key in keys:
        right, (used, reserved) = rights.right(key), counters.get(key, (NOTHING, NOTHING))
        results.append(Gauge(key, gettext(right.label), used, reserved, right.limit, right.soft_percent, right.source))
    return results


def counters_of(tenant_id: UUID, slots: dict[str, Slot]) -> dict[str, tuple[Decimal, Decimal]]:
    """(used, reserved) by meter; meters without a counter in their slot are left out."""
    rows = QuotaCounter.objects.filter(
        tenant_id=tenant_id, meter__in=slots, period__in={slot.period for slot in slots.values()}
    )
    return {row.meter: (row.used, row.reserved) for row in rows if (row.period, row.hour) == tuple(slots[row.meter])}


def standing_now(meter: str) -> Decimal | None:
    """The counted amount of a standing meter in the workspace in context; None for other meters."""
    name = settings.STANDING_METERS.get(meter)
    return Decimal(import_string(name)()) if name else None


def open_acts(kind: str) -> list[tuple[UUID, UUID]]:
    """(workspace, reference) of the unsettled acts of a kind in all workspaces, 2,000 at most."""
    rows = Reservation.objects.filter(act=kind, settled_at=None).order_by("expires_at")
    return list(rows.values_list("tenant_id", "reference")[:2000])


def usage_totals(events: QuerySet[UsageEvent]) -> dict[str, Any]:
    """Totals of usage events: `acts`, `tokens` of all four buckets, exact `cost` in euros."""
    totals = events.order_by().aggregate(
        acts=Count("pk"),
        tokens=Sum(F("input_tokens") + F("cache_read_tokens") + F("cache_write_tokens") + F("output_tokens")),
        cost=Sum("cost"),
    )
    return {"acts": totals["acts"], "tokens": totals["tokens"] or 0, "cost": totals["cost"] or Decimal(0)}


def latest_acts(count: int = 10) -> list[UsageEvent]:
    """The latest usage events, newest first."""
    return list(UsageEvent.objects.order_by("-id")[:count])
