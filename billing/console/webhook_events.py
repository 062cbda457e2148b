"""Webhook events of Stripe as the console reads them: state, body, workspace, and the search inside bodies."""

import json
import re
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Max, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from billing.models import Subscription, WebhookEvent
from billing.stripe.webhooks import customer_of
from tenants.models import Tenant
from ui.console_cases import Case

STATES: dict[str, Case] = {
    "waiting": (_("À traiter"), "wait", Q(valid=True, processed=False, exception="")),
    "failed": (_("En échec"), "bad", Q(valid=True, processed=False) & ~Q(exception="")),
    "done": (_("Traité"), "good", Q(valid=True, processed=True)),
    "refused": (_("Refusé"), "neutral", Q(valid=False)),
}
# Bodies have no index: a search inside them reads this many of the latest events.
MAX_SEARCHED = 20_000
MAX_WORKSPACES = 20
STRIPE_ID = re.compile(r"[a-z]{2,8}_[A-Za-z0-9_]{4,80}")


def state_of(event: Any) -> str:
    """The key of `STATES` that the event is in."""
    if not event.valid:
        return "refused"
    if event.processed:
        return "done"
    return "failed" if event.exception else "waiting"


def state_counts() -> dict[str, int]:
    """The number of events in each state, in one query."""
    counts: dict[str, int] = WebhookEvent.objects.aggregate(
        **{key: Count("pk", filter=condition) for key, (_label, _kind, condition) in STATES.items()}
    )
    return counts


def body_of(event: Any) -> dict[str, Any]:
    """The posted JSON object; empty for anything else, because anyone can post anything to the endpoint."""
    body = event.json_body
    return body if isinstance(body, dict) else {}


def readable_body(event: Any) -> str:
    """The body as indented JSON, or as it was posted if it is not a JSON object."""
    body = body_of(event)
    return json.dumps(body, ensure_ascii=False, indent=2) if body else event.body


def subject_of(body: dict[str, Any]) -> dict[str, Any]:
    """The Stripe object that an event is about; empty if the body has none."""
    data = body.get("data")
    subject = data.get("object") if isinstance(data, dict) else None
    return subject if isinstance(subject, dict) else {}


def among_latest(events: QuerySet[WebhookEvent], count: int = MAX_SEARCHED) -> QuerySet[WebhookEvent]:
    """Those of the events that are among the latest `count` received."""
    latest = WebhookEvent.objects.aggregate(latest=Max("pk"))["latest"] or 0
    return events.filter(pk__gt=latest - count)


def latest_events_of(customer: str, count: int = 10) -> list[Any]:
    """The latest events about a Stripe customer, newest first, each with its `kind` and `state` (label, kind of badge).

    Only the latest 5,000 events of all customers are searched.
    """
    if not customer:
        return []
    matches = among_latest(WebhookEvent.objects.all(), 5000).filter(valid=True, body__contains=f'"{customer}"')
    events: list[Any] = list(matches.order_by("-id")[:count])
    for event in events:
        event.kind, event.state = body_of(event).get("type", ""), STATES[state_of(event)][:2]
    return events


def search(events: QuerySet[WebhookEvent], term: str) -> QuerySet[WebhookEvent]:
    """Events whose body contains a Stripe id, or a customer of the workspaces whose slug contains `term`."""
    ids = [term] if STRIPE_ID.fullmatch(term) else _customers_of(term)
    if not ids:
        return events.none()
    condition = Q()
    for stripe_id in ids:
        condition |= Q(body__contains=f'"{stripe_id}"')
    return among_latest(events).filter(condition)


def _customers_of(slug: str) -> list[str]:
    tenant_ids = list(Tenant.objects.filter(slug__icontains=slug).values_list("pk", flat=True)[:MAX_WORKSPACES])
    rows = Subscription.objects.filter(tenant_id__in=tenant_ids).exclude(stripe_customer_id="")
    return list(rows.values_list("stripe_customer_id", flat=True))


def with_workspaces(events: Iterable[Any]) -> list[Any]:
    """The events, each with `slug`, `workspace_name` and `tenant_id` of its workspace, in two queries for all."""
    events = list(events)
    customers = {event.pk: customer_of(subject_of(body_of(event))) for event in events if event.valid}
    subscriptions = Subscription.objects.filter(stripe_customer_id__in=set(filter(None, customers.values())))
    tenant_ids = dict(subscriptions.values_list("stripe_customer_id", "tenant_id"))
    tenants = Tenant.objects.in_bulk(tenant_ids.values())
    for event in events:
        tenant = tenants.get(tenant_ids.get(customers.get(event.pk, "")))
        event.tenant_id, event.slug, event.workspace_name = (
            (tenant.pk, tenant.slug, tenant.name) if tenant else (None, "", "")
        )
    return events
