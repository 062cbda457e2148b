"""Limits of a workspace, and the plans and add-ons for sale."""

from decimal import Decimal
from typing import Any, Final, NamedTuple

from django.db.models import Q

from plans import entitlements, modules
from plans.meters import METERS
from plans.models import AddOn, Entitlement, Plan
from tenants.context import TenantRef, public_context


class Offers(NamedTuple):
    """The plans and add-ons that grant one right. `label`: its name, a French msgid."""

    label: str
    plans: list[Plan]
    add_ons: list[AddOn]


def plan_of(tenant: TenantRef) -> dict[str, Any]:
    """{"name": the plan, "limits": {key: {"label", "limit": Decimal | None}}} of a workspace, resolved."""
    resolved = entitlements.for_tenant(tenant)
    limits = {right.key: {"label": right.label, "limit": right.limit} for right in resolved.rights.values()}
    return {"name": resolved.plan_name, "limits": limits}


def limit_of(tenant: TenantRef, key: str) -> Decimal | None:
    """The limit of a meter, in its unit; None is unlimited, 0 where nothing grants it."""
    return entitlements.for_tenant(tenant).limit(key)


def label_of(tenant: TenantRef, key: str) -> str:
    """The name of a right: a French msgid or the operator's own text."""
    return entitlements.for_tenant(tenant).right(key).label


def ceiling_of(tenant: TenantRef, key: str) -> Decimal | None:
    """The limit of a meter plus its grace, where use stops; None is unlimited."""
    return entitlements.for_tenant(tenant).right(key).ceiling


def plans_offered() -> list[Plan]:
    """Plans for sale with their installed entitlements, in two queries."""
    with public_context():
        return list(Plan.objects.filter(is_offered=True).prefetch_related(modules.installed_entitlements()))


def offered_columns() -> list[tuple[Any, ...]]:
    """Every column of the plans for sale and of their entitlements, in one query and always in the same order."""
    with public_context():
        return list(
            Plan.objects.filter(is_offered=True).order_by("pk", "entitlements__pk").values_list(*_OFFERED_COLUMNS)
        )


_OFFERED_COLUMNS: Final = (
    *(field.attname for field in Plan._meta.concrete_fields),
    *(f"entitlements__{field.attname}" for field in Entitlement._meta.concrete_fields),
)


def offers_with(key: str) -> Offers:
    """The plans and add-ons for sale that grant `key`, cheapest first; none where its module is not installed."""
    with public_context():
        rows = Entitlement.objects.filter(Q(limit=None) | Q(limit__gt=0), key=key).select_related("plan", "add_on")
        granting = list(rows) if modules.is_installed(key) else []
        candidates = AddOn.objects.filter(entitlements__in=granting).distinct().prefetch_related("entitlements")
        sellable = modules.sellable(candidates)
    plans = [row.plan for row in granting if row.plan and row.plan.is_offered]
    label = METERS[key].label if key in METERS else next((row.label for row in granting), key)
    return Offers(
        label,
        sorted(plans, key=lambda plan: plan.month_price),
        sorted(sellable, key=lambda add_on: add_on.month_price),
    )


def add_ons() -> list[AddOn]:
    """The add-ons for sale."""
    with public_context():
        return modules.sellable(AddOn.objects.prefetch_related("entitlements"))


def add_ons_for(tenant: TenantRef) -> list[AddOn]:
    """The add-ons for sale that would raise a limit of a workspace."""
    rights = entitlements.for_tenant(tenant)

    def adds_something(row: Entitlement) -> bool:
        limit = rights.limit(row.key)
        return limit is not None and (row.limit is None or row.limit > limit)

    with public_context():
        add_ons = modules.sellable(AddOn.objects.prefetch_related("entitlements"))
    return [add_on for add_on in add_ons if any(adds_something(row) for row in add_on.entitlements.all())]
