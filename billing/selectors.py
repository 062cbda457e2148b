"""What a workspace may use and has used."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from billing import entitlements, modules
from billing.meters import METERS, Slot, slot_of, this_period
from billing.models import AddOn, Entitlement, Plan, QuotaCounter, Reservation, UsageEvent
from billing.types import Gauge
from tenants.context import TenantRef, public_context

__all__ = [
    "add_ons",
    "add_ons_for",
    "ceiling_of",
    "gauge",
    "gauges",
    "label_of",
    "latest_acts",
    "limit_of",
    "offers_with",
    "open_acts",
    "plan_of",
    "plans_offered",
    "this_period",
    "usage_totals",
]
NOTHING = Decimal(0)


class Offers(NamedTuple):
    """Where one right can be had. `label`: its name, a French msgid."""

    label: str
    plans: list[Plan]
    add_ons: list[AddOn]


def plan_of(tenant: TenantRef) -> dict[str, Any]:
    """What a workspace may use: {"name": its plan, "limits": {key: {"label", "limit": Decimal | None}}}, resolved."""
    found = entitlements.of(tenant)
    limits = {right.key: {"label": right.label, "limit": right.limit} for right in found.rights.values()}
    return {"name": found.plan_name, "limits": limits}


def limit_of(tenant: TenantRef, key: str) -> Decimal | None:
    """What may be used of a meter, in its unit; None: without limit. What nothing gives is 0."""
    return entitlements.of(tenant).limit(key)


def label_of(tenant: TenantRef, key: str) -> str:
    """The name of a right, a French msgid or the operator's own words."""
    return entitlements.of(tenant).right(key).label


def ceiling_of(tenant: TenantRef, key: str) -> Decimal | None:
    """Where use of a meter stops: its limit and the grace of it. None: nowhere."""
    return entitlements.of(tenant).right(key).ceiling


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


def plans_offered() -> list[Plan]:
    """Plans for sale with what of them is there, in two queries."""
    with public_context():
        return list(Plan.objects.filter(is_offered=True).prefetch_related(modules.shown_entitlements()))


def offers_with(key: str) -> Offers:
    """The plans and options for sale that give `key`, the cheapest first; none while nothing serves it."""
    with public_context():
        rows = Entitlement.objects.filter(Q(limit=None) | Q(limit__gt=0), key=key).select_related("plan", "add_on")
        found = list(rows) if modules.is_there(key) else []
        options = modules.sold(AddOn.objects.filter(entitlements__in=found).distinct().prefetch_related("entitlements"))
    plans = [row.plan for row in found if row.plan and row.plan.is_offered]
    label = METERS[key].label if key in METERS else next((row.label for row in found), key)
    return Offers(
        label,
        sorted(plans, key=lambda plan: plan.month_price),
        sorted(options, key=lambda option: option.month_price),
    )


def add_ons() -> list[AddOn]:
    """Options for sale."""
    with public_context():
        return modules.sold(AddOn.objects.prefetch_related("entitlements"))


def add_ons_for(tenant: TenantRef) -> list[AddOn]:
    """The options that would give a workspace something it has not."""
    rights = entitlements.of(tenant)

    def adds(row: Entitlement) -> bool:
        has = rights.limit(row.key)
        return has is not None and (row.limit is None or row.limit > has)

    with public_context():
        rows = modules.sold(AddOn.objects.prefetch_related("entitlements"))
    return [option for option in rows if any(adds(row) for row in option.entitlements.all())]


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
