"""Records the event `SubscriptionChanged` during a sync."""

from typing import Any

from billing.models import Subscription
from events.catalogue import Code, SubscriptionChanged
from events.services import record
from tenants.context import TenantRef, tenant_context


def figures_of(row: Subscription) -> dict[str, Any]:
    """The event's fields. Equal before and after a sync that changes none of them."""
    return {
        "status": Code(row.status) if row.status else None,
        "plan": Code(row.plan_code) if row.plan_code else None,
        "interval": Code(row.interval) if row.interval else None,
        "mrr": row.mrr_euros,
        "ends_with_period": row.cancel_at_period_end,
    }


def record_change(before: dict[str, Any], row: Subscription, tenant: TenantRef) -> None:
    """Record the event if a field differs from `before`, in the caller's transaction."""
    after = figures_of(row)
    if after != before:
        with tenant_context(tenant):
            record(SubscriptionChanged(subject_id=row.pk, **after))
