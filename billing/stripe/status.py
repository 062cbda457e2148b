"""The present subscription of a workspace from our own rows, so that pages do not call Stripe."""

from billing.models import Subscription
from billing.stripe import options
from billing.stripe.client import is_on
from billing.stripe.states import LIVE
from billing.subscription_types import Choice, Current
from tenants.context import TenantRef, public_context

__all__ = ["current", "is_on", "row_of"]


def current(tenant: TenantRef) -> Current:
    """What the workspace pays for, according to the last sync. Two queries."""
    with public_context():
        row = row_of(tenant)
        if row is None or not row.stripe_id:
            return Current(is_live=False)
        is_live = row.status in LIVE
        add_ons = tuple(sorted(options.purchased(tenant.id))) if is_live else ()
    return Current(
        is_live=is_live,
        status=row.status,
        choice=Choice(row.plan_code, row.interval, add_ons) if is_live else None,
        period_end=row.period_end,
        ends=row.cancel_at_period_end or row.status == "canceled",
        past_due_since=row.past_due_since,
        payment_method=row.payment_method,
        discount=row.discount,
        monthly_excl_vat=row.mrr_euros,
        change_waits=row.change_waits,
    )


def row_of(tenant: TenantRef) -> Subscription | None:
    """The subscription's row, readable in any context; None before the workspace has a customer at Stripe."""
    with public_context():
        subscription: Subscription | None = Subscription.objects.filter(tenant_id=tenant.id).first()
    return subscription
