"""Unpaid: mails at day 0, 3 and 7, read-only at day 14, closed at the end of a cancelled period; paid: back at once."""

import time
from datetime import timedelta

import pytest
import stripe
from django.utils import timezone

from billing.models import DunningNotice, Subscription
from billing.stripe import dunning, scheduled
from billing.stripe.sync import refresh
from mailing.models import OutboxMessage
from tenants import services
from tenants.context import public_context, tenant_context
from tenants.models import Tenant
from tenants.selectors import ref_of
from tests.billing.stripe.conftest import deliver, price_id, row, state


def mails():
    with public_context():
        return OutboxMessage.objects.filter(subject__contains="paiement").count()


def run(people):
    with public_context():
        return scheduled.run_due()


@pytest.mark.parametrize(("days", "day"), [(0.1, 0), (2.9, 0), (3.1, 3), (6.9, 3), (7.1, 7), (13.9, 7)])
def test_the_mail_that_is_due_is_sent_once(days, day, owing, fake, people):
    owing(days)
    for sent in fake.take()[-3:]:
        deliver(sent)
    assert state(people) == "past_due"
    with public_context():
        assert list(DunningNotice.objects.values_list("day", flat=True)) == [day]
    run(people)
    assert (mails(), run(people)) == (1, 0)


def test_three_mails_in_seven_days_then_read_only(owing, fake, people):
    """As the days pass: the unpaid invoice grows older."""
    owing(0.1)
    refresh(people.home.id)
    since = row(people).past_due_since
    said = []
    for day in range(1, 16):
        known = row(people)
        with public_context(), tenant_context(people.home):
            later = since + timedelta(days=day, minutes=1)
            dunning.send_due(known, ref(people), later)
        said.append(mails())
    assert said == [1, 1, 2, 2, 2, 2] + [3] * 9


def ref(people):
    with public_context():
        return ref_of(Tenant.objects.get(pk=people.home.id))


def test_day_fourteen_by_the_clock_alone(owing, fake, people):
    """No event comes on the fourteenth day: the schedule moves the workspace, and nothing is written any more."""
    one = owing(14.1)
    fake.take()
    with public_context():
        made = stripe.Subscription.list(customer=one.customer).data[0]
        Subscription.objects.update(
            stripe_id=made.id, status="past_due", moved_to="past_due", past_due_since=made_since(one)
        )
    assert run(people) == 1
    assert state(people) == "suspended"
    with pytest.raises(services.ReadOnlyWorkspace):
        services.require_writable()
    one.pay()
    deliver(fake.take()[-1])
    assert (state(people), row(people).past_due_since) == ("active", None)


def made_since(one):
    from datetime import UTC, datetime

    invoice = stripe.Invoice.list(customer=one.customer, status="open").data[0]
    return datetime.fromtimestamp(invoice.status_transitions.finalized_at, UTC)


def test_who_paid_meanwhile_is_not_suspended(owing, fake, people):
    """The webhook of the payment was lost: Stripe is asked before anything is cut."""
    one = owing(14.1)
    with public_context():
        Subscription.objects.update(status="past_due", moved_to="past_due", past_due_since=made_since(one))
    one.pay()
    assert run(people) == 1
    assert (state(people), mails()) == ("active", 0)


def test_cancelled_is_closed_at_the_period_s_end(buyer, fake, people):
    one = buyer(days_ago=10)
    made = one.subscribe("pro", "analytics")
    one.pass_days(9)
    stripe.Subscription.cancel(made.id)
    deliver(fake.take()[-1])
    assert (state(people), row(people).status, run(people)) == ("active", "canceled", 0)


def test_cancelled_at_the_end_closes_by_the_clock(buyer, fake, people):
    one = buyer(days_ago=40)
    made = one.subscribe("pro", "analytics")
    stripe.Subscription.modify(made.id, cancel_at_period_end=True)
    refresh(people.home.id)
    assert (state(people), row(people).cancel_at_period_end) == ("active", True)
    one.pass_days(39)
    fake.take()
    with public_context():
        Subscription.objects.update(status="canceled", moved_to="active")
    assert run(people) == 1
    assert state(people) == "closed"
    assert run(people) == 0


def test_the_mail_says_until_when(owing, fake, people):
    owing(0.1)
    refresh(people.home.id)
    with public_context():
        sent = OutboxMessage.objects.get(subject__contains="paiement")
        assert sent.to == ["owner@atelier.test"]
        assert "lecture seule" in sent.text and "n’a pas abouti" in sent.html
        assert "{{" not in sent.text + sent.html


def test_the_mail_in_english(owing, fake, people):
    with public_context():
        Tenant.objects.filter(pk=people.home.id).update(language="en")
    owing(0.1)
    refresh(people.home.id)
    with public_context():
        sent = OutboxMessage.objects.get(subject="Workspace Atelier: your payment did not go through")
        assert "read-only" in sent.text and "espace" not in sent.text and "paiement" not in sent.html


@pytest.fixture
def debited(buyer, fake):
    """`debited(days)`: a year's debit was sent back by the bank so many days ago; it took 5 days."""

    def make(days):
        fake.post("settings", retry_days=[60])
        one = buyer(365 + 5 + days + 1 / 24)
        one.pay_with("pm_sepaDebit_fr")
        one.subscribe("pro", interval="year")
        one.pass_days(20)
        fake.next_payments("pending_fail")
        fake.post("clock", to=int(time.time()), clock=one.clock)
        return one

    return make


@pytest.mark.parametrize(("days", "where"), [(0.5, "past_due"), (13.5, "past_due"), (14.5, "suspended")])
def test_a_debit_is_owed_from_the_day_it_failed(days, where, debited, people):
    debited(days)
    refresh(people.home.id)
    since = row(people).past_due_since
    assert abs(timezone.now() - since - timedelta(days=days)) < timedelta(hours=2)
    assert state(people) == where


def test_a_debit_under_way_is_not_owed_even_by_who_left(buyer, fake, people):
    one = buyer(days_ago=33)
    one.pay_with("pm_sepaDebit_fr")
    made = one.subscribe("pro")
    fake.post("clock", to=int(time.time()), clock=one.clock)
    refresh(people.home.id)
    stripe.Subscription.cancel(made.id)
    refresh(people.home.id)
    assert (state(people), row(people).status, row(people).past_due_since) == ("active", "canceled", None)


def test_a_change_that_waits_to_be_paid_is_no_debt(buyer, fake, people):
    one = buyer(days_ago=3)
    made = one.subscribe("pro")
    one.pass_days(2.9)
    fake.next_payments("insufficient_funds")
    items = [{"id": made["items"].data[0].id, "price": price_id("scale")}]
    waits = {"payment_behavior": "pending_if_incomplete", "proration_behavior": "always_invoice"}
    assert stripe.Subscription.modify(made.id, items=items, **waits).pending_update
    refresh(people.home.id)
    assert (state(people), row(people).plan_code, row(people).past_due_since) == ("active", "pro", None)
