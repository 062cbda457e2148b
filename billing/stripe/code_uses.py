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
METADATA = "ruche_codes"
# A subscription whose first payment failed gave nothing.
NEVER_BEGAN = ("incomplete", "incomplete_expired")
ACTOR = "Stripe"
HAD = _("Vous avez déjà eu ce code.")


def had(tenant_id: UUID, customer: str, stripe_: Any = None) -> set[str]:
    """The codes a workspace had, in capitals: our rows, and what Stripe says now. Raises `stripe.StripeError`."""
    with public_context():
        kept = set(CodeUse.objects.filter(tenant_id=tenant_id).values_list("code", flat=True))
    return kept | _at_stripe(customer, stripe_ or client())


def follow(tenant_id: UUID) -> None:
    """Write down the codes that Stripe says were had, once each. Raises `stripe.StripeError`."""
    with public_context():
        customer = Subscription.objects.filter(tenant_id=tenant_id).values_list("stripe_customer_id", flat=True).first()
        for code in sorted(_at_stripe(customer, client())) if customer else ():
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
    return str(metadata[METADATA]).split(",") if METADATA in metadata else []


def _at_stripe(customer: str, stripe_: Any) -> set[str]:
    wish = {"customer": customer, "limit": 100}
    pages = stripe_.v1.checkout.sessions.list(
        {**wish, "status": "complete", "expand": ["data.discounts.promotion_code"]}
    )
    typed = {
        each.promotion_code.code.upper()
        for page in pages.auto_paging_iter()
        for each in page.discounts or ()
        if each.promotion_code
    }
    held = stripe_.v1.subscriptions.list({**wish, "status": "all"}).auto_paging_iter()
    return typed | {code for each in held if each.status not in NEVER_BEGAN for code in on_subscription(each)}
