"""What Stripe tells: signed or refused, stored, doubled, late, about somebody else; and what the workspace does."""

import json
import logging
from datetime import timedelta
from decimal import Decimal

import pytest
import stripe
from django.utils import timezone
from djstripe import models as mirror

from accounts.models import AuditEntry
from billing.models import Subscription
from billing.stripe import webhooks
from billing.stripe.sync import refresh
from events.models import StoredFact
from plans import entitlements
from tenants import services
from tenants.context import public_context
from tests.billing.stripe.conftest import deliver, post, price_id, row, sign, state


def of_kind(sent, kind):
    return next(one for one in sent if one["type"] == kind)


def id_of(one):
    return json.loads(one["body"])["id"]


def test_a_purchase_makes_the_workspace_active(buyer, fake, people):
    made = buyer().subscribe("scale", "white_label")
    assert deliver(of_kind(fake.take(), "customer.subscription.created"))
    kept = row(people)
    assert (state(people), kept.status, kept.plan_code, kept.interval) == ("active", "active", "scale", "month")
    assert int(kept.period_end.timestamp()) == made["items"].data[0].current_period_end
    rights = entitlements.for_tenant(people.home)
    assert (rights.plan_code, rights.has("white_label"), rights.has("analytics")) == ("scale", True, False)
    moved = AuditEntry.objects.get(action="tenant.state_changed")
    assert (moved.actor, moved.details["reason"]) == ("Stripe", "abonnement en cours")
    fact = StoredFact.objects.get(name="subscription.changed", subject_id=kept.pk)
    assert (fact.tenant_id, fact.data["status"], fact.data["plan"]) == (people.home.id, "active", "scale")
    assert Decimal(fact.data["mrr"]) == kept.mrr_euros > 0
    refresh(people.home.id)
    assert StoredFact.objects.filter(subject_id=kept.pk).count() == 1, "nothing has changed since"


def test_the_same_event_twice_is_one(buyer, fake, people):
    buyer().subscribe("pro")
    one = of_kind(fake.take(), "customer.subscription.created")
    assert deliver(one)
    before = fake.get("calls")
    assert not deliver(one)
    assert len(fake.get("calls")) == len(before), "Stripe was not asked again"
    with public_context():
        assert list(mirror.WebhookEventTrigger.objects.values_list("processed", "valid")) == [(True, True)] * 2
        assert mirror.Event.objects.count() == 1
    assert AuditEntry.objects.filter(action="tenant.state_changed").count() == 1


def test_an_event_that_comes_late_takes_nothing_back(buyer, fake, people):
    one = buyer()
    made = one.subscribe("pro")
    early = of_kind(fake.take(), "customer.subscription.created")
    stripe.Subscription.modify(
        made.id, items=[{"id": made["items"].data[0].id, "price": price_id("scale")}, {"price": price_id("analytics")}]
    )
    deliver(of_kind(fake.take(), "customer.subscription.updated"))
    latest = row(people).last_event_at
    deliver(early)
    assert (row(people).plan_code, row(people).last_event_at) == ("scale", latest)
    assert entitlements.for_tenant(people.home).has("analytics")


FORGED = {
    "another secret": lambda body: (body, sign(body, "whsec_another")),
    "altered": lambda body: (body.replace("active", "unpaid"), sign(body)),
    "old": lambda body: (body, sign(body, age=301)),
    "no signature": lambda body: (body, {"Stripe-Signature": ""}),
    "nonsense": lambda body: (body, {"Stripe-Signature": "t=x,v1=é"}),
    "its own secret": lambda body: (body, {**sign(body, "whsec_x"), "X-Djstripe-Webhook-Secret": "whsec_x"}),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_one_changes_nothing(how, buyer, fake, people, caplog, settings):
    settings.DEBUG = how == "its own secret"
    buyer().subscribe("pro")
    body, headers = FORGED[how](of_kind(fake.take(), "customer.subscription.created")["body"])
    with caplog.at_level(logging.DEBUG):
        assert post({"body": body}, **headers).status_code == 400
    with public_context():
        assert not mirror.WebhookEventTrigger.objects.exists() and not mirror.Event.objects.exists()
    assert (state(people), row(people).status) == ("trial", "")
    assert "webhook refused" in caplog.text and "sub_" not in caplog.text


def test_too_large_or_elsewhere(fake, people, client_for):
    assert post({"body": "x" * 600_000}).status_code == 413
    body = "{}"
    answer = client_for(people.owner).post("/stripe/webhook/x/", body, content_type="application/json")
    assert answer.status_code == 404


def test_without_a_secret_nobody_answers(fake, settings):
    settings.STRIPE_WEBHOOK_SECRET = ""
    assert post({"body": "{}"}).status_code == 404


def test_somebody_unknown_is_left_alone(buyer, fake, people):
    buyer()
    stripe.Customer.create(name="Autre")
    assert deliver(fake.take()[-1])
    assert state(people) == "trial"


def test_stripe_away_is_tried_again(buyer, fake, people):
    buyer().subscribe("pro")
    one = of_kind(fake.take(), "customer.subscription.created")
    fake.post("fail", path="/v1/subscriptions", status=500, times=9)
    with pytest.raises(stripe.StripeError):
        deliver(one)
    with public_context():
        assert not mirror.Event.objects.exists()
        waiting = mirror.WebhookEventTrigger.objects.get()
        assert waiting.valid and not waiting.processed
    fake.post("fail", path="/none", status=500)
    assert state(people) == "trial"


def test_what_nobody_acted_on_is_taken_up(buyer, fake, people, on_commit, monkeypatch):
    buyer().subscribe("pro")
    post(of_kind(fake.take(), "customer.subscription.created"))
    with public_context():
        assert webhooks.enqueue_pending() == 0, "its job may still come"
        found = mirror.WebhookEventTrigger.objects.get()
        mirror.WebhookEventTrigger.objects.update(created=found.created - timedelta(minutes=3))
        assert webhooks.enqueue_pending() == 1
        assert webhooks.handle(found.pk) and webhooks.enqueue_pending() == 0
    assert state(people) == "active"


def test_what_is_stored_goes_after_ninety_days(buyer, fake, people):
    """By the application's own role, in batches smaller than what there is."""
    buyer().subscribe("pro")
    first, second, third, *never = fake.take()[-5:]
    for event in (first, second, third, first):
        deliver(event)
    # Stored, and never acted on; one of them was not even Stripe's.
    kept = [int(post(event).content) for event in never]
    with public_context():
        mirror.WebhookEventTrigger.objects.filter(pk=kept[0]).update(valid=False)
        assert webhooks.sweep() == 0
        again = mirror.WebhookEventTrigger.objects.filter(event_id=id_of(first)).latest("pk")
        fresh = mirror.WebhookEventTrigger.objects.get(event_id=id_of(second))
        old = timezone.now() - timedelta(days=90, minutes=1)
        mirror.WebhookEventTrigger.objects.exclude(pk__in=[again.pk, fresh.pk]).update(created=old)
        mirror.Event.objects.exclude(id=fresh.event_id).update(djstripe_created=old)
        # The first event's row stays: it was sent again since.
        assert webhooks.sweep(batch_size=2) == len(["first", "third", *never]) + len(["third"])
        assert set(mirror.WebhookEventTrigger.objects.values_list("pk", flat=True)) == {again.pk, fresh.pk}
        assert set(mirror.Event.objects.values_list("id", flat=True)) == {again.event_id, fresh.event_id}
    assert not deliver(first), "its row still says that it was acted on"


def test_replayed_by_hand(buyer, fake, people):
    buyer().subscribe("pro")
    deliver(of_kind(fake.take(), "customer.subscription.created"))
    with public_context():
        Subscription.objects.update(status="", moved_for="", moved_to="")
        services.tenant_suspend(tenant_id=people.home.id, reason="essai", actor="test")
        assert webhooks.replay(mirror.WebhookEventTrigger.objects.get().pk)
    assert (state(people), row(people).status) == ("active", "active")


def test_a_move_by_hand_stands_until_stripe_says_something_else(owing, fake, people):
    one = owing(0.1)
    sent = fake.take()
    deliver(sent[-1])
    assert state(people) == "past_due"
    services.change_state(tenant_id=people.home.id, state="active", reason="geste", actor="operator@platform.test")
    for event in sent[-5:-1]:
        deliver(event)
    assert state(people) == "active", "the operator's word"
    one.pay()
    deliver(fake.take()[-1])
    one.pay_with("pm_card_chargeCustomerFail")
    one.pass_days(370)
    deliver(fake.take()[-1])
    assert state(people) == "past_due", "another failure is another word of Stripe's"


def test_a_move_by_hand_ends_with_what_stripe_says_next(owing, fake, people):
    one = owing(0.1)
    deliver(fake.take()[-1])
    services.tenant_suspend(tenant_id=people.home.id, reason="fraude", actor="operator@platform.test")
    refresh(people.home.id)
    assert state(people) == "suspended"
    one.pay()
    deliver(fake.take()[-1])
    assert state(people) == "active"


def test_paying_brings_a_suspended_workspace_back(owing, fake, people):
    one = owing(20)
    deliver(fake.take()[-1])
    assert state(people) == "suspended"
    with pytest.raises(services.ReadOnlyWorkspace):
        services.require_writable()
    one.pay()
    deliver(of_kind(fake.take(), "invoice.paid"))
    assert state(people) == "active"
    services.require_writable()


def test_an_attempt_that_never_began_hides_nothing(buyer, fake, people):
    one = buyer()
    one.subscribe("pro")
    fake.next_payments("insufficient_funds")
    attempt = one.subscribe("scale", payment_behavior="allow_incomplete")
    assert attempt.status == "incomplete"
    deliver(fake.take()[-1])
    assert (state(people), row(people).status, row(people).plan_code) == ("active", "active", "pro")


def test_what_was_paid_counts_before_an_attempt(buyer, fake, people):
    one = buyer(days_ago=5)
    stripe.Subscription.cancel(one.subscribe("pro").id)
    fake.next_payments("insufficient_funds")
    one.subscribe("scale", payment_behavior="allow_incomplete")
    deliver(fake.take()[-1])
    assert (state(people), row(people).status) == ("active", "canceled")


def test_a_workspace_deleted_meanwhile_is_no_error(buyer, fake, people):
    from tenants.ids import new_id

    buyer().subscribe("pro")
    with public_context():
        Subscription.objects.update(tenant_id=new_id())
    assert deliver(of_kind(fake.take(), "customer.subscription.created"))
    assert state(people) == "trial"
    with public_context():
        assert Subscription.objects.get().status == "active", "what Stripe says of it is written down"


def test_nothing_secret_is_kept_in_the_log(buyer, fake, people, caplog):
    buyer().subscribe("pro")
    with caplog.at_level(logging.DEBUG, logger="billing"):
        deliver(of_kind(fake.take(), "customer.subscription.created"))
    assert json.dumps("pm_") not in caplog.text and "sk_test" not in caplog.text
