"""Ends the subscriptions of a workspace that is closed by anything but the sync. Nothing is refunded.

Reopening the workspace does not restore a subscription; the owner takes out another one.
"""

from typing import Any

from accounts import audit
from billing.models import Subscription
from billing.stripe.client import is_on
from billing.stripe.customers import end_subscriptions
from billing.stripe.states import LIVE
from billing.stripe.sync import ACTOR, refresh
from tenants.context import TenantRef, public_context
from tenants.models import Tenant
from tenants.queue import enqueue

State = Tenant.State


def workspace_state_changed(tenant: TenantRef, *, actor: str, **_details: Any) -> None:
    """Lifecycle step "state_changed": enqueue the end of the subscriptions if closed by anything but the sync."""
    if tenant.state != State.CLOSED or actor == ACTOR or not is_on():
        return
    with public_context():
        if Subscription.objects.filter(tenant_id=tenant.id).exclude(stripe_customer_id="").exists():
            enqueue(end_subscriptions_of, tenant_id=str(tenant.id))


def end_subscriptions_of(tenant_id: str) -> int:
    """Job: cancel the subscriptions of a closed workspace; return their number. Raises `stripe.StripeError`.

    Does nothing if the workspace has been reopened.
    """
    subscription = Subscription.objects.filter(tenant_id=tenant_id).exclude(stripe_customer_id="").first()
    tenant = Tenant.objects.filter(pk=tenant_id, state=State.CLOSED).first()
    if subscription is None or tenant is None:
        return 0
    ended_count = end_subscriptions(subscription.stripe_customer_id)
    if ended_count:
        audit.record("subscription.ended", target=tenant.slug, reason=tenant.state_reason, quantity=ended_count)
    refresh(tenant.pk)
    return ended_count


def enqueue_remaining() -> int:
    """Enqueue the job for closed workspaces with a live subscription (Stripe or Redis was down). Scheduled.

    Returns the number of jobs.
    """
    if not is_on():
        return 0
    closed = Tenant.objects.filter(state=State.CLOSED).values("pk")
    remaining = Subscription.objects.filter(tenant_id__in=closed, status__in=LIVE).values_list("tenant_id", flat=True)
    for tenant_id in remaining:
        enqueue(end_subscriptions_of, tenant_id=str(tenant_id))
    return len(remaining)
