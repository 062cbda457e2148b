"""What Stripe tells us: stored by dj-stripe, answered at once, acted on by a job that asks Stripe how things are.

An event is only a reason to look: nothing in it is believed but whom it is about, so order, doubles and delays do not
matter. An event's row of dj-stripe is written in the transaction that acted on it: where it is, there is nothing to do.
"""

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from djstripe import models as mirror

from billing.models import Subscription
from billing.stripe import code_uses
from billing.stripe.client import secret_key
from billing.stripe.moments import moment
from billing.stripe.profiles import follow_tax_id
from billing.stripe.sync import refresh
from tenants.queue import enqueue

log = logging.getLogger(__name__)
HANDLED_PREFIXES = ("customer.", "invoice.", "checkout.session.")
GRACE = timedelta(minutes=2)
MAX_AGE = timedelta(days=30)
RETENTION = timedelta(days=90)
FAILURES_KEPT = 100


def received(trigger: Any, **_details: Any) -> None:
    """dj-stripe's callback, in its transaction: the signature was right."""
    # It saves this only after the commit, and the job must not come before.
    mirror.WebhookEventTrigger.objects.filter(pk=trigger.pk).update(valid=True)
    enqueue(handle, trigger_id=trigger.pk)


def handle(trigger_id: int) -> bool:
    """Act on one stored event; True where there was something to do. Raises `stripe.StripeError`: the queue retries."""
    trigger = mirror.WebhookEventTrigger.objects.get(pk=trigger_id)
    if not trigger.valid:
        return False
    try:
        existing_event = mirror.Event.objects.filter(id=trigger.json_body["id"]).first()
        if existing_event is None:
            # Not in one transaction with its row: Stripe is asked. Acting twice changes nothing.
            _handle_body(trigger.json_body)
        with transaction.atomic():
            event = existing_event or mirror.Event._create_from_stripe_object(trigger.json_body, api_key=secret_key())
            result = {"event": event, "processed": True, "exception": ""}
            mirror.WebhookEventTrigger.objects.filter(pk=trigger_id).update(**result)
    except Exception as error:
        _record_failure(trigger, error)
        raise
    return existing_event is None


def replay(trigger_id: int) -> bool:
    """Act on a stored event, once more where it was acted on, by the operator's hand; False where it was never valid.

    Raises `stripe.StripeError`.
    """
    trigger = mirror.WebhookEventTrigger.objects.get(pk=trigger_id)
    if not trigger.valid:
        return False
    if not handle(trigger_id):
        _handle_body(trigger.json_body)
    return True


def customer_of(event_object: dict[str, Any]) -> str:
    """The id of the customer whom an event's object is about, or empty."""
    if event_object.get("object") == "customer":
        return str(event_object["id"])
    customer = event_object.get("customer") or ""
    return str(customer["id"] if isinstance(customer, dict) else customer)


def _record_failure(trigger: Any, error: Exception) -> None:
    """For the operator, who sees no worker's log: what it was, and a line for each time. No body, no key."""
    message = f"{type(error).__name__} {getattr(error, 'code', None) or ''}".strip()
    lines = [*trigger.traceback.splitlines(), f"{timezone.now():%Y-%m-%d %H:%M:%S} UTC {message}"][-FAILURES_KEPT:]
    mirror.WebhookEventTrigger.objects.filter(pk=trigger.pk).update(exception=message[:128], traceback="\n".join(lines))


def enqueue_pending() -> int:
    """Ask again for what was stored and never acted on (Redis was away, a worker died); how many. Scheduled."""
    now = timezone.now()
    pending = mirror.WebhookEventTrigger.objects.filter(
        valid=True, processed=False, created__lt=now - GRACE, created__gt=now - MAX_AGE
    )
    trigger_ids = list(pending.order_by("pk").values_list("pk", flat=True)[:200])
    for key in trigger_ids:
        enqueue(handle, trigger_id=key)
    return len(trigger_ids)


def sweep(batch_size: int = 500) -> int:
    """Delete what was stored 90 days ago or longer, whatever became of it; how many rows. Scheduled daily.

    So many rows in a transaction: webhooks that come meanwhile do not wait.
    """
    # An event's row keeps it from being acted on twice. Stripe sends an event again for three days, people at Stripe
    # can for thirty, and we ask for it again as long: after that its row guards nothing.
    limit = timezone.now() - RETENTION
    triggers = _delete(mirror.WebhookEventTrigger.objects.filter(created__lt=limit), batch_size)
    # One that was sent again later goes with its last delivery.
    events = _delete(mirror.Event.objects.filter(djstripe_created__lt=limit, webhookeventtrigger=None), batch_size)
    if triggers or events:
        log.info("stored webhooks swept: deliveries=%d events=%d", triggers, events)
    return triggers + events


def _delete(rows: QuerySet[Any], batch_size: int) -> int:
    deleted = 0
    while trigger_ids := list(rows.order_by("pk").values_list("pk", flat=True)[:batch_size]):
        deleted += rows.model.objects.filter(pk__in=trigger_ids).delete()[0]
    return deleted


def _handle_body(body: dict[str, Any]) -> None:
    if not body["type"].startswith(HANDLED_PREFIXES):
        return
    customer = customer_of(body["data"]["object"])
    tenant_id = Subscription.objects.filter(stripe_customer_id=customer).values_list("tenant_id", flat=True).first()
    if not customer or tenant_id is None:
        log.info("event of nobody here: %s %s", body["type"], body["id"])
        return
    refresh(tenant_id, event_at=moment(body["created"]))
    if body["type"] == "checkout.session.completed":
        code_uses.sync(tenant_id)
    if body["type"].startswith("customer.tax_id."):
        follow_tax_id(customer)
