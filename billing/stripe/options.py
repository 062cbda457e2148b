"""The options of a workspace follow its subscription's items. What the operator gave stays."""

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
    """Option's code → quantity, as they came from the subscription and stand."""
    rows = TenantAddOn.objects.filter(tenant_id=tenant_id, source=Source.STRIPE, until=None)
    return dict(rows.values_list("add_on_id", "quantity"))


def sync(tenant: TenantRef, target: Mapping[str, int], now: datetime) -> None:
    """Give and take, in the caller's transaction, each change in both audit logs."""
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
