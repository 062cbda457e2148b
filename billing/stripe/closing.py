"""A workspace that is closed pays nothing more: whoever closes it ends what it subscribed to. Nothing is paid back.

Opening it again brings no subscription back: its owner takes out another.
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
    """Lifecycle step "state_changed": closed by anybody but Stripe, it subscribes to nothing any more."""
    if tenant.state != State.CLOSED or actor == ACTOR or not is_on():
        return
    with public_context():
        if Subscription.objects.filter(tenant_id=tenant.id).exclude(stripe_customer_id="").exists():
            enqueue(end_subscriptions_of, tenant_id=str(tenant.id))


def end_subscriptions_of(tenant_id: str) -> int:
    """Job: cancel what a closed workspace still subscribes to; how many. Raises `stripe.StripeError`.

    A workspace that was opened again meanwhile is left alone.
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
    """Ask again for what lives beside a closed workspace (Stripe or Redis was away); how many. Scheduled."""
    if not is_on():
        return 0
    closed = Tenant.objects.filter(state=State.CLOSED).values("pk")
    remaining = Subscription.objects.filter(tenant_id__in=closed, status__in=LIVE).values_list("tenant_id", flat=True)
    for tenant_id in remaining:
        enqueue(end_subscriptions_of, tenant_id=str(tenant_id))
    return len(remaining)
