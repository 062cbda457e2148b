"""What a workspace has used and reserved, and the usage ledger."""

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
    """Use of one meter in its slot of now."""
    return gauges(tenant, [key])[0]


def gauges(tenant: TenantRef, keys: Iterable[str]) -> list[Gauge]:
    """Use of several meters in their slots of now, in the order asked for, in one query."""
    keys, rights = list(keys), entitlements.of(tenant)
    counters = counters_of(tenant.id, {key: slot_of(key) for key in keys})
    found = []
    for key in keys:
        right, (used, reserved) = rights.right(key), counters.get(key, (NOTHING, NOTHING))
        found.append(Gauge(key, gettext(right.label), used, reserved, right.limit, right.soft_percent, right.source))
    return found


def counters_of(tenant_id: UUID, slots: dict[str, Slot]) -> dict[str, tuple[Decimal, Decimal]]:
    """(used, reserved) by meter, of those that have a counter in the slot asked for."""
    rows = QuotaCounter.objects.filter(
        tenant_id=tenant_id, meter__in=slots, period__in={slot.period for slot in slots.values()}
    )
    return {row.meter: (row.used, row.reserved) for row in rows if (row.period, row.hour) == tuple(slots[row.meter])}


def standing_now(meter: str) -> Decimal | None:
    """How much of a standing meter there is in the workspace in context, counted; None where nobody counts it."""
    name = settings.STANDING_METERS.get(meter)
    return Decimal(import_string(name)()) if name else None


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
