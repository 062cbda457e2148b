"""What a workspace may use, and what is for sale."""

from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q

from plans import entitlements, modules
from plans.meters import METERS
from plans.models import AddOn, Entitlement, Plan
from tenants.context import TenantRef, public_context


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
