"""Subscriptions and events as they stand, to look at through the console."""

import json
from datetime import timedelta
from typing import Any

from django.utils import timezone

from billing.models import WebhookEvent
from tenants.ids import new_id

LISTS = {page: f"/admin/billing/{page}/" for page in ("subscription", "dunning", "webhookevent", "cancellation")}
WHY = {"reason": "un client appelle"}
HOSTILE = "</pre><script>alert(1)</script>"


def late(days: float) -> dict[str, Any]:
    return {"status": "past_due", "state": "past_due", "past_due_since": timezone.now() - timedelta(days=days)}


def stored(body: str = "{}", **fields: Any) -> WebhookEvent:
    row: WebhookEvent = WebhookEvent.objects.create(remote_ip="192.0.2.1", headers={}, body=body, **fields)
    return row


def event(customer: str, kind: str = "invoice.paid", **fields: Any) -> WebhookEvent:
    body = {"id": f"evt_{new_id().hex}", "type": kind, "data": {"object": {"id": "in_1", "customer": customer}}}
    return stored(json.dumps(body), **{"valid": True, **fields})


def page(row: Any, act: str = "change") -> str:
    return f"/admin/billing/{row._meta.model_name}/{row.pk}/{act}/"
