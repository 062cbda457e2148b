"""Webhook events: stored by dj-stripe, answered at once, handled by a job that reads the subscription from Stripe.

Of an event's content only its type, time and customer are used, so order, duplicates and delays do not matter. A row of
dj-stripe's `Event` is written after an event was handled; an event that has a row is not handled again.
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
    """dj-stripe's callback for an event with a verified signature, in the transaction that stores it."""
    # dj-stripe saves `valid` after the commit, when the job may already run.
    mirror.WebhookEventTrigger.objects.filter(pk=trigger.pk).update(valid=True)
    enqueue(handle, trigger_id=trigger.pk)


def handle(trigger_id: int) -> bool:
    """Job: handle one stored event; False if it is not valid or was handled before.

    Raises `stripe.StripeError`; then the queue retries.
    """
    trigger = mirror.WebhookEventTrigger.objects.get(pk=trigger_id)
    if not trigger.valid:
        return False
    try:
        existing_event = mirror.Event.objects.filter(id=trigger.json_body["id"]).first()
        if existing_event is None:
            # Calls Stripe, so outside the transaction that writes the event's row. Handling is idempotent.
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
    """Handle a stored event even if it was handled before, for the operator; False if it is not valid.

    Raises `stripe.StripeError`.
    """
    trigger = mirror.WebhookEventTrigger.objects.get(pk=trigger_id)
    if not trigger.valid:
        return False
    if not handle(trigger_id):
        _handle_body(trigger.json_body)
    return True


def customer_of(event_object: dict[str, Any]) -> str:
    """The customer's id of an event's object, or ""."""
    if event_object.get("object") == "customer":
        return str(event_object["id"])
    customer = event_object.get("customer") or ""
    return str(customer["id"] if isinstance(customer, dict) else customer)


def _record_failure(trigger: Any, error: Exception) -> None:
    """Store the error and a line per attempt for the console: only type and code, as the text may hold data."""
    message = f"{type(error).__name__} {getattr(error, 'code', None) or ''}".strip()
    lines = [*trigger.traceback.splitlines(), f"{timezone.now():%Y-%m-%d %H:%M:%S} UTC {message}"][-FAILURES_KEPT:]
    mirror.WebhookEventTrigger.objects.filter(pk=trigger.pk).update(exception=message[:128], traceback="\n".join(lines))


def enqueue_pending() -> int:
    """Enqueue stored events that were not handled (Redis was down, a worker died); return their number. Scheduled."""
    now = timezone.now()
    pending = mirror.WebhookEventTrigger.objects.filter(
        valid=True, processed=False, created__lt=now - GRACE, created__gt=now - MAX_AGE
    )
    trigger_ids = list(pending.order_by("pk").values_list("pk", flat=True)[:200])
    for key in trigger_ids:
        enqueue(handle, trigger_id=key)
    return len(trigger_ids)


def sweep(batch_size: int = 500) -> int:
    """Delete events stored more than `RETENTION` ago; return the number of rows. Scheduled daily.

    Each transaction deletes `batch_size` rows, so that incoming webhooks do not wait.
    """
    # An event's row prevents handling it twice. Stripe retries for three days, an event can be resent manually for
    # thirty, and `enqueue_pending` retries for `MAX_AGE`; older rows are not needed.
    limit = timezone.now() - RETENTION
    triggers = _delete(mirror.WebhookEventTrigger.objects.filter(created__lt=limit), batch_size)
    # The row of an event that was delivered again is deleted after its last delivery.
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
