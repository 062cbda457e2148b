"""Stripe customers: one per workspace, created when first needed."""

import logging
from typing import Any
from uuid import UUID

import stripe
from django.db import connection, transaction
from django.utils import timezone
from djstripe import models as mirror

from billing.models import Subscription
from billing.mrr import ledger
from billing.stripe.client import client, is_on, secret_key
from billing.stripe.turns import turn
from tenants.context import TenantRef, public_context
from tenants.models import Tenant
from tenants.queue import enqueue

log = logging.getLogger(__name__)
LOCK_SECONDS = 5


def customer_of(tenant_id: UUID) -> str:
    """The id of the workspace's customer at Stripe, created if missing, once even with concurrent calls.

    Raises `ValidationError` if Stripe is off, `stripe.StripeError`.
    """
    with public_context():
        if customer_id := _stored_id(tenant_id):
            return customer_id
        with turn(tenant_id):
            return _stored_id(tenant_id) or _create(Tenant.objects.get(pk=tenant_id))


def ensure_customer(tenant_id: UUID) -> str:
    """As `customer_of`, but verified at Stripe and created again if deleted there. For use before a purchase or a push.

    Raises as `customer_of`.
    """
    customer_id = customer_of(tenant_id)
    if _exists(customer_id):
        return customer_id
    with public_context(), turn(tenant_id):
        stored_id = _stored_id(tenant_id)
        if stored_id != customer_id:
            return stored_id
        log.error("customer lost at Stripe, made anew: %s", customer_id)
        return _create(Tenant.objects.get(pk=tenant_id), replaced_id=customer_id)


def _stored_id(tenant_id: UUID) -> str:
    customer_id = Subscription.objects.filter(tenant_id=tenant_id).values_list("stripe_customer_id", flat=True).first()
    return customer_id or ""


def _exists(customer_id: str) -> bool:
    try:
        return not getattr(client().v1.customers.retrieve(customer_id), "deleted", False)
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        return False


def locked_row(tenant_id: UUID) -> Subscription:
    """The workspace's row, created if missing, locked until the end of the transaction. Do not call Stripe meanwhile.

    Raises `OperationalError` if the lock is not obtained within `LOCK_SECONDS`: jobs are retried, pages show an error.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    Subscription.objects.get_or_create(tenant_id=tenant_id)
    row: Subscription = Subscription.objects.select_for_update().get(tenant_id=tenant_id)
    return row


def workspace_deleting(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "deleting": end the MRR and enqueue the end of the subscriptions.

    Invoices at Stripe and our revenue ledger are kept.
    """
    with public_context():
        ledger.record_end(tenant.id, tenant.slug, now=timezone.now())
        # Also for a customer who never paid: a checkout page may be open.
        row = Subscription.objects.filter(tenant_id=tenant.id).exclude(stripe_customer_id="").first()
        if row is not None and is_on():
            enqueue(end_subscriptions, customer=row.stripe_customer_id)


def end_subscriptions(customer: str) -> int:
    """Cancel all live subscriptions of a customer at once and expire open checkout pages.

    Returns the number of cancelled subscriptions. Raises `stripe.StripeError`.
    """
    expire_checkouts(customer)
    subscriptions = client().v1.subscriptions.list({"customer": customer, "limit": 100})
    subscription_ids = [subscription.id for subscription in subscriptions.auto_paging_iter()]
    for subscription_id in subscription_ids:
        client().v1.subscriptions.cancel(subscription_id)
    return len(subscription_ids)


def expire_checkouts(customer: str) -> None:
    """Expire the customer's open checkout pages, so that they can no longer be paid. Raises `stripe.StripeError`."""
    for session in client().v1.checkout.sessions.list({"customer": customer, "status": "open", "limit": 100}).data:
        client().v1.checkout.sessions.expire(session.id)


def _create(tenant: Tenant, replaced_id: str = "") -> str:
    # With the idempotency key, a retry after a lost answer returns the same customer.
    customer = client().v1.customers.create(
        {
            "email": tenant.email,
            "name": tenant.name,
            "preferred_locales": [tenant.language],
            "metadata": {"djstripe_subscriber": str(tenant.pk), "ruche_slug": tenant.slug},
        },
        {"idempotency_key": f"ruche-customer-{tenant.pk}{replaced_id}"},
    )
    with transaction.atomic():
        mirror.Customer.sync_from_stripe_data(customer, api_key=secret_key())
        row = locked_row(tenant.pk)
        row.stripe_customer_id = customer.id
        row.save(update_fields=["stripe_customer_id"])
    return customer.id


def forget_customers(tenant_id: UUID) -> None:
    """End the subscriptions of the demonstration workspace and delete its customer from dj-stripe's tables.

    Does nothing without a customer. Raises `stripe.StripeError`.
    """
    with public_context():
        row = Subscription.objects.filter(tenant_id=tenant_id).exclude(stripe_customer_id="").first()
        if row is None:
            return
        customer_id = row.stripe_customer_id
        if is_on():
            end_subscriptions(customer_id)
        customers = mirror.Customer.objects.filter(id=customer_id)
        for relation in mirror.Customer._meta.related_objects:
            if relation.one_to_many and relation.field.name == "customer":
                relation.related_model.objects.filter(customer__in=customers).delete()
        mirror.WebhookEventTrigger.objects.filter(body__contains=customer_id).delete()
        mirror.Event.objects.filter(data__object__customer=customer_id).delete()
        customers.delete()
        Subscription.objects.filter(pk=row.pk).update(stripe_customer_id="")
