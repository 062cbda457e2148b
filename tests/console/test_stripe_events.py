"""Stripe events in the console: list, states, replay of one or several."""

from typing import Any

import pytest
import stripe

from accounts.models import AuditEntry
from billing.models import Subscription, WebhookEvent
from tenants import queue, services
from tenants.models import Tenant
from tests.billing.stripe.conftest import post, state, tell
from tests.console.made import HOSTILE, LISTS, WHY, event, page, stored


def test_events_show_workspace_and_state(console, subscribe):
    (row,) = subscribe()
    one = event(row.stripe_customer_id, processed=True)
    two = event("cus_nobody", "customer.subscription.deleted", exception="APIError", traceback="a\nb")
    three = event(row.stripe_customer_id, "customer.created")
    four = stored("not even JSON", valid=False)
    stored("[1]", valid=True)

    def found(**asked: str) -> list[int]:
        return [one.pk for one in console.get(LISTS["webhookevent"], asked).context["cl"].result_list]

    slug = Tenant.objects.get(pk=row.tenant_id).slug
    said = console.get(LISTS["webhookevent"]).content.decode()
    assert said.count(f">{slug}<") == 4, "name and address, twice"
    assert "2 essais" in said and "APIError" in said
    assert found(case="failed") == [two.pk] and found(case="done") == [one.pk] and found(case="refused") == [four.pk]
    assert three.pk in found(case="waiting")
    assert found(subject="invoice") == [one.pk] and found(subject="subscription") == [two.pk]
    assert found(subject="customer") == [three.pk]
    assert found(q=slug) == [three.pk, one.pk] and found(q="cus_nobody") == [two.pk]
    assert found(q="zzz") == [] and found(q="%") == []
    assert found(created_from="2000-01-01", created_to="2000-01-02") == []


def test_hostile_body_is_escaped(console):
    told = stored(
        f'{{"id": "{HOSTILE}", "type": "{HOSTILE}", "data": {{"object": {{"id": "{HOSTILE}"}}}}}}', valid=True
    )
    wild = stored(HOSTILE, valid=False)
    for url in (LISTS["webhookevent"], page(told), page(told, "replay"), page(wild)):
        said = console.get(url).content.decode()
        assert "<script>alert" not in said, url
    assert "&lt;script&gt;alert" in console.get(page(wild)).content.decode()


def test_event_is_replayed(console, buyer, fake, people):
    buyer().subscribe("pro")
    tell(fake.take()[-1])
    told = WebhookEvent.objects.get()
    Subscription.objects.update(status="", moved_for="", moved_to="")
    services.tenant_suspend(tenant_id=people.home.id, reason="essai", actor="test")
    assert console.post(page(told, "replay"), {}).status_code == 400
    assert state(people) == "suspended"
    assert console.post(page(told, "replay"), WHY).status_code == 302
    assert state(people) == "active"
    act = AuditEntry.objects.get(action="webhook.replayed")
    assert (act.actor, act.target, act.details["reason"]) == (people.operator.email, people.home.slug, WHY["reason"])
    assert act.details["event"].startswith(f"{told.json_body['type']} evt_")


def test_failed_event_is_shown_and_replayed(console, buyer, fake, people):
    buyer().subscribe("pro")
    sent = fake.take()[-1]
    for _ in range(2):
        fake.post("fail", path="/v1/subscriptions", status=500, retry="false")
    with pytest.raises(stripe.StripeError):
        tell(sent)
    told = WebhookEvent.objects.get()
    assert told.exception == "APIError" and len(told.traceback.splitlines()) == 1
    assert "En échec" in console.get(page(told)).content.decode()
    answer = console.post(page(told, "replay"), WHY)
    assert answer.status_code == 400 and "Stripe n’a pas répondu" in answer.content.decode()
    assert "2 essais" in console.get(page(told)).content.decode()
    assert console.post(page(told, "replay"), WHY).status_code == 302
    told.refresh_from_db()
    assert (told.processed, told.exception, state(people)) == (True, "", "active")


def test_selected_events_are_replayed_except_refused_ones(console, buyer, fake, people, on_commit, monkeypatch):
    buyer().subscribe("pro")
    for one in fake.take()[-2:]:
        post(one)
    rows = [*WebhookEvent.objects.all(), stored("{}", valid=False)]
    chosen = {"action": "replay_chosen", "_selected_action": [row.pk for row in rows]}
    first = console.post(LISTS["webhookevent"], {**chosen, "index": "0"})
    said = first.content.decode()
    assert (
        first.status_code == 200
        and "2 événements" not in said
        and "3 événements" in said
        and "1 événement refusé" in said
    )
    for row in rows:
        assert f'name="_selected_action" value="{row.pk}"' in said
    assert not AuditEntry.objects.filter(action="webhook.replayed").exists()
    assert console.post(LISTS["webhookevent"], {**chosen, "reason": ""}).status_code == 400
    asked: list[tuple[str, Any]] = []
    monkeypatch.setattr(queue, "_push", lambda name, tenant_id, arguments: asked.append((name, arguments)))
    with on_commit(execute=True):
        done = console.post(LISTS["webhookevent"], {**chosen, **WHY})
    assert done.status_code == 302
    assert AuditEntry.objects.filter(action="webhook.replayed").count() == len(asked) == 2
    assert state(people) == "trial"
    for name, arguments in asked:
        assert queue.run(name=name, tenant_id=None, arguments=arguments)
    assert state(people) == "active"


def test_refused_event_is_not_replayed(console):
    told = stored('{"id": "evt_1", "type": "invoice.paid"}', valid=False)
    assert console.post(page(told, "replay"), WHY).status_code == 403
    assert page(told, "replay") not in console.get(page(told)).content.decode()
    assert not AuditEntry.objects.filter(action="webhook.replayed").exists()
