"""Sync of a workspace's options to its subscription's items. Options given by the operator stay."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from accounts import audit
from plans import entitlements
from plans.models import TenantAddOn
from tenants.context import TenantRef, tenant_context

ACTOR = "Stripe"
Source = TenantAddOn.Source


def purchased(tenant_id: UUID) -> dict[str, int]:
    """Option's code → quantity of the options in force that come from the subscription."""
    rows = TenantAddOn.objects.filter(tenant_id=tenant_id, source=Source.STRIPE, until=None)
    return dict(rows.values_list("add_on_id", "quantity"))


def sync(tenant: TenantRef, target: Mapping[str, int], now: datetime) -> None:
    """Give and remove options until they equal `target` (code → quantity), in the caller's transaction.

    Each change is written to the audit logs of the workspace and of the operator.
    """
    current = purchased(tenant.id)
    if current == target:
        return
    for code in sorted(current.keys() | target.keys()):
        if current.get(code) != target.get(code):
            _change(tenant, code, target.get(code, 0), now)
    entitlements.forget(tenant.id)


def _change(tenant: TenantRef, code: str, quantity: int, now: datetime) -> None:
    open_rows = TenantAddOn.objects.filter(tenant_id=tenant.id, add_on_id=code, source=Source.STRIPE, until=None)
    open_rows.update(until=now)
    if quantity:
        TenantAddOn.objects.create(
            tenant_id=tenant.id, add_on_id=code, quantity=quantity, since=now, source=Source.STRIPE
        )
    action = "add_on.given" if quantity else "add_on.taken"
    with tenant_context(tenant):
        audit.record(action, label=ACTOR, target=tenant.slug, option=code, quantity=quantity)
    audit.record(action, label=ACTOR, target=tenant.slug, option=code, quantity=quantity)
