"""Stripe events in the console: list, states, replay of one or several."""

from typing import Any

import pytest
import stripe

from accounts.models import AuditEntry
from billing.models import Subscription, WebhookEvent
from tenants import queue, services
from tenants.models import Tenant
from tests.billing.stripe.conftest import deliver, post, state
from tests.console.made import HOSTILE, LISTS, WHY, event, page, stored


def test_events_show_workspace_and_state(console, subscribe):
    (row,) = subscribe()
    processed_event = event(row.stripe_customer_id, processed=True)
    two = event("cus_nobody", "customer.subscription.deleted", exception="APIError", traceback="a\nb")
    three = event(row.stripe_customer_id, "customer.created")
    four = stored("not even JSON", valid=False)
    stored("[1]", valid=True)

    def listed_ids(**query: str) -> list[int]:
        return [
            processed_event.pk
            for processed_event in console.get(LISTS["webhookevent"], query).context["cl"].result_list
        ]

    slug = Tenant.objects.get(pk=row.tenant_id).slug
    page_text = console.get(LISTS["webhookevent"]).content.decode()
    assert page_text.count(f">{slug}<") == 4, "name and address, twice"
    assert "2 essais" in page_text and "APIError" in page_text
    assert (
        listed_ids(case="failed") == [two.pk]
        and listed_ids(case="done") == [processed_event.pk]
        and listed_ids(case="refused") == [four.pk]
    )
    assert three.pk in listed_ids(case="waiting")
    assert listed_ids(subject="invoice") == [processed_event.pk] and listed_ids(subject="subscription") == [two.pk]
    assert listed_ids(subject="customer") == [three.pk]
    assert listed_ids(q=slug) == [three.pk, processed_event.pk] and listed_ids(q="cus_nobody") == [two.pk]
    assert listed_ids(q="zzz") == [] and listed_ids(q="%") == []
    assert listed_ids(created_from="2000-01-01", created_to="2000-01-02") == []


def test_hostile_body_is_escaped(console):
    stored_event = stored(
        f'{{"id": "{HOSTILE}", "type": "{HOSTILE}", "data": {{"object": {{"id": "{HOSTILE}"}}}}}}', valid=True
    )
    wild = stored(HOSTILE, valid=False)
    for url in (LISTS["webhookevent"], page(stored_event), page(stored_event, "replay"), page(wild)):
        page_text = console.get(url).content.decode()
        assert "<script>alert" not in page_text, url
    assert "&lt;script&gt;alert" in console.get(page(wild)).content.decode()


def test_event_is_replayed(console, buyer, fake, people):
    buyer().subscribe("pro")
    deliver(fake.take()[-1])
    stored_event = WebhookEvent.objects.get()
    Subscription.objects.update(status="", moved_for="", moved_to="")
    services.tenant_suspend(tenant_id=people.home.id, reason="essai", actor="test")
    assert console.post(page(stored_event, "replay"), {}).status_code == 400
    assert state(people) == "suspended"
    assert console.post(page(stored_event, "replay"), WHY).status_code == 302
    assert state(people) == "active"
    act = AuditEntry.objects.get(action="webhook.replayed")
    assert (act.actor, act.target, act.details["reason"]) == (people.operator.email, people.home.slug, WHY["reason"])
    assert act.details["event"].startswith(f"{stored_event.json_body['type']} evt_")


def test_failed_event_is_shown_and_replayed(console, buyer, fake, people):
    buyer().subscribe("pro")
    sent = fake.take()[-1]
    for _ in range(2):
        fake.post("fail", path="/v1/subscriptions", status=500, retry="false")
    with pytest.raises(stripe.StripeError):
        deliver(sent)
    stored_event = WebhookEvent.objects.get()
    assert stored_event.exception == "APIError" and len(stored_event.traceback.splitlines()) == 1
    assert "En échec" in console.get(page(stored_event)).content.decode()
    answer = console.post(page(stored_event, "replay"), WHY)
    assert answer.status_code == 400 and "Stripe n’a pas répondu" in answer.content.decode()
    assert "2 essais" in console.get(page(stored_event)).content.decode()
    assert console.post(page(stored_event, "replay"), WHY).status_code == 302
    stored_event.refresh_from_db()
    assert (stored_event.processed, stored_event.exception, state(people)) == (True, "", "active")


def test_selected_events_are_replayed_except_refused_ones(console, buyer, fake, people, on_commit, monkeypatch):
    buyer().subscribe("pro")
    for delivery in fake.take()[-2:]:
        post(delivery)
    rows = [*WebhookEvent.objects.all(), stored("{}", valid=False)]
    chosen = {"action": "replay_chosen", "_selected_action": [row.pk for row in rows]}
    first = console.post(LISTS["webhookevent"], {**chosen, "index": "0"})
    page_text = first.content.decode()
    assert (
        first.status_code == 200
        and "2 événements" not in page_text
        and "3 événements" in page_text
        and "1 événement refusé" in page_text
    )
    for row in rows:
        assert f'name="_selected_action" value="{row.pk}"' in page_text
    assert not AuditEntry.objects.filter(action="webhook.replayed").exists()
    assert console.post(LISTS["webhookevent"], {**chosen, "reason": ""}).status_code == 400
    enqueued: list[tuple[str, Any]] = []
    monkeypatch.setattr(queue, "_push", lambda name, tenant_id, arguments: enqueued.append((name, arguments)))
    with on_commit(execute=True):
        done = console.post(LISTS["webhookevent"], {**chosen, **WHY})
    assert done.status_code == 302
    assert AuditEntry.objects.filter(action="webhook.replayed").count() == len(enqueued) == 2
    assert state(people) == "trial"
    for name, arguments in enqueued:
        assert queue.run(name=name, tenant_id=None, arguments=arguments)
    assert state(people) == "active"


def test_refused_event_is_not_replayed(console):
    stored_event = stored('{"id": "evt_1", "type": "invoice.paid"}', valid=False)
    assert console.post(page(stored_event, "replay"), WHY).status_code == 403
    assert page(stored_event, "replay") not in console.get(page(stored_event)).content.decode()
    assert not AuditEntry.objects.filter(action="webhook.replayed").exists()
