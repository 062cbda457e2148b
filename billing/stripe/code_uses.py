"""Promotion codes that a workspace has used, typed on our pages or on Stripe's checkout page.

Stripe cannot limit a code to one use per customer, so we check it. Codes typed on Stripe's page are in the discounts of
completed checkout sessions; an expired or abandoned session uses no code.
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

# Key of a subscription's metadata: codes that we applied, in capitals, separated by commas.
METADATA_KEY = "ruche_codes"
# A subscription whose first payment failed uses no code.
NEVER_STARTED = ("incomplete", "incomplete_expired")
ACTOR = "Stripe"
ALREADY_USED = _("Vous avez déjà eu ce code.")


def used_codes(tenant_id: UUID, customer: str, stripe_client: Any = None) -> set[str]:
    """The used codes in capitals, from our rows and from Stripe. Raises `stripe.StripeError`."""
    with public_context():
        stored = set(CodeUse.objects.filter(tenant_id=tenant_id).values_list("code", flat=True))
    return stored | _codes_at_stripe(customer, stripe_client or client())


def sync(tenant_id: UUID) -> None:
    """Store the codes used according to Stripe, once each. Raises `stripe.StripeError`."""
    with public_context():
        customer = Subscription.objects.filter(tenant_id=tenant_id).values_list("stripe_customer_id", flat=True).first()
        for code in sorted(_codes_at_stripe(customer, client())) if customer else ():
            record(tenant_id, code)


def record(tenant_id: UUID, code: str, *, actor: User | None = None) -> None:
    """Store and audit the use of a code. A repeated call changes nothing."""
    with public_context(), transaction.atomic():
        _row, is_new = CodeUse.objects.get_or_create(tenant_id=tenant_id, code=code.upper())
        if is_new:
            slug = Tenant.objects.filter(pk=tenant_id).values_list("slug", flat=True).first() or ""
            audit.record("promotion_code.used", actor=actor, label=ACTOR, target=slug, code=code.upper())


def on_subscription(subscription: Any) -> list[str]:
    """The codes that we applied to a subscription, in capitals."""
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
