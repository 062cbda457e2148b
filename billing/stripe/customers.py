"""Who pays: one customer at Stripe a workspace, made when it is first needed."""

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
    """The id of the workspace's customer at Stripe, made once, whoever asks at the same time.

    Raises `ValidationError` where Stripe is off, `stripe.StripeError`.
    """
    with public_context():
        if key := _kept(tenant_id):
            return key
        with turn(tenant_id):
            return _kept(tenant_id) or _make(Tenant.objects.get(pk=tenant_id))


def living_customer_of(tenant_id: UUID) -> str:
    """The same, made anew where Stripe does not have it any more: before something is bought or written down there."""
    key = customer_of(tenant_id)
    if _is_there(key):
        return key
    with public_context(), turn(tenant_id):
        kept = _kept(tenant_id)
        if kept != key:
            return kept
        log.error("customer lost at Stripe, made anew: %s", key)
        return _make(Tenant.objects.get(pk=tenant_id), instead_of=key)


def _kept(tenant_id: UUID) -> str:
    found = Subscription.objects.filter(tenant_id=tenant_id).values_list("stripe_customer_id", flat=True).first()
    return found or ""


def _is_there(key: str) -> bool:
    try:
        return not getattr(client().v1.customers.retrieve(key), "deleted", False)
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        return False


def locked_row(tenant_id: UUID) -> Subscription:
    """The row of a workspace, held until the transaction ends, in which nobody speaks with Stripe (`turns.turn`).

    Raises `OperationalError` where somebody else holds it for too long: a job is tried again, a page says so.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
    Subscription.objects.get_or_create(tenant_id=tenant_id)
    row: Subscription = Subscription.objects.select_for_update().get(tenant_id=tenant_id)
    return row


def workspace_deleting(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "deleting": nobody is charged for what is gone. What was paid is kept, by Stripe and by us."""
    with public_context():
        ledger.end(tenant.id, tenant.slug, now=timezone.now())
        # Also of who never paid: a page of payment may be open.
        row = Subscription.objects.filter(tenant_id=tenant.id).exclude(stripe_customer_id="").first()
        if row is not None and is_on():
            enqueue(end_subscriptions, customer=row.stripe_customer_id)


def end_subscriptions(customer: str) -> int:
    """Cancel at once whatever lives of a customer's subscriptions, and let no other begin on a page that is open.

    How many were cancelled. Raises `stripe.StripeError`.
    """
    expire_pages(customer)
    listed = client().v1.subscriptions.list({"customer": customer, "limit": 100})
    living = [one.id for one in listed.auto_paging_iter()]
    for subscription_id in living:
        client().v1.subscriptions.cancel(subscription_id)
    return len(living)


def expire_pages(customer: str) -> None:
    """Nobody pays any more on the pages of payment that are open. Raises `stripe.StripeError`."""
    for session in client().v1.checkout.sessions.list({"customer": customer, "status": "open", "limit": 100}).data:
        client().v1.checkout.sessions.expire(session.id)


def _make(tenant: Tenant, instead_of: str = "") -> str:
    # The same answer again where ours was lost before it was kept.
    made = client().v1.customers.create(
        {
            "email": tenant.email,
            "name": tenant.name,
            "preferred_locales": [tenant.language],
            "metadata": {"djstripe_subscriber": str(tenant.pk), "ruche_slug": tenant.slug},
        },
        {"idempotency_key": f"ruche-customer-{tenant.pk}{instead_of}"},
    )
    with transaction.atomic():
        mirror.Customer.sync_from_stripe_data(made, api_key=secret_key())
        row = locked_row(tenant.pk)
        row.stripe_customer_id = made.id
        row.save(update_fields=["stripe_customer_id"])
    return made.id


def forget_customers(tenant_id: UUID) -> None:
    """Of a workspace that never was (the demonstration's): its subscriptions end, and the mirror forgets its customer.

    Nothing where Stripe does not know it. Raises `stripe.StripeError`.
    """
    with public_context():
        row = Subscription.objects.filter(tenant_id=tenant_id).exclude(stripe_customer_id="").first()
        if row is None:
            return
        key = row.stripe_customer_id
        if is_on():
            end_subscriptions(key)
        known = mirror.Customer.objects.filter(id=key)
        for relation in mirror.Customer._meta.related_objects:
            if relation.one_to_many and relation.field.name == "customer":
                relation.related_model.objects.filter(customer__in=known).delete()
        mirror.WebhookEventTrigger.objects.filter(body__contains=key).delete()
        mirror.Event.objects.filter(data__object__customer=key).delete()
        known.delete()
        Subscription.objects.filter(pk=row.pk).update(stripe_customer_id="")
