"""Promotion codes that a workspace had, wherever they were typed: on our pages, or on Stripe's own page of payment.

Stripe does not know "once a customer", so this is ours to hold. Codes typed on its page are in the discounts of
checkout sessions that were completed; a session that expired or was left gives no code away.
Source: https://docs.stripe.com/api/checkout/sessions/object#checkout_session_object-discounts
"""

from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing.models import CodeUse, Subscription
from billing.stripe.client import client
from tenants.context import public_context
from tenants.models import Tenant

# In a subscription's metadata: the codes that were put on it by us, in capitals, with commas between.
METADATA_KEY = "ruche_codes"
# A subscription whose first payment failed gave nothing.
NEVER_STARTED = ("incomplete", "incomplete_expired")
ACTOR = "Stripe"
ALREADY_USED = _("Vous avez déjà eu ce code.")


def used_codes(tenant_id: UUID, customer: str, stripe_client: Any = None) -> set[str]:
    """The codes a workspace had, in capitals: our rows, and what Stripe says now. Raises `stripe.StripeError`."""
    with public_context():
        stored = set(CodeUse.objects.filter(tenant_id=tenant_id).values_list("code", flat=True))
    return stored | _codes_at_stripe(customer, stripe_client or client())


def sync(tenant_id: UUID) -> None:
    """Write down the codes that Stripe says were had, once each. Raises `stripe.StripeError`."""
    with public_context():
        customer = Subscription.objects.filter(tenant_id=tenant_id).values_list("stripe_customer_id", flat=True).first()
        for code in sorted(_codes_at_stripe(customer, client())) if customer else ():
            record(tenant_id, code)


def record(tenant_id: UUID, code: str, *, actor: User | None = None) -> None:
    """Write down that a code was had; once, however often it is told."""
    with public_context(), transaction.atomic():
        _row, is_new = CodeUse.objects.get_or_create(tenant_id=tenant_id, code=code.upper())
        if is_new:
            slug = Tenant.objects.filter(pk=tenant_id).values_list("slug", flat=True).first() or ""
            audit.record("promotion_code.used", actor=actor, label=ACTOR, target=slug, code=code.upper())


def on_subscription(subscription: Any) -> list[str]:
    """The codes that we put on a subscription, in capitals."""
    metadata = subscription.metadata or {}
    return str(metadata[METADATA_KEY]).split(",") if METADATA_KEY in metadata else []


def _codes_at_stripe(customer: str, stripe_client: Any) -> set[str]:
    query = {"customer": customer, "limit": 100}
    sessions = stripe_client.v1.checkout.sessions.list(
        {**query, "status": "complete", "expand": ["data.discounts.promotion_code"]}
    )
    typed_codes = {
        discount.promotion_code.code.upper()
        for session in sessions.auto_paging_iter()
        for discount in session.discounts or ()
        if discount.promotion_code
    }
    subscriptions = stripe_client.v1.subscriptions.list({**query, "status": "all"}).auto_paging_iter()
    return typed_codes | {
        code for discount in subscriptions if discount.status not in NEVER_STARTED for code in on_subscription(discount)
    }
