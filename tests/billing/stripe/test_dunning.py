"""Unpaid: mails at day 0, 3 and 7, read-only at day 14, closed at the end of a cancelled period; paid: back at once."""

from datetime import timedelta

import pytest
import stripe

from billing.models import DunningNotice, Subscription
from billing.stripe import clock, dunning
from billing.stripe.subscriptions import refresh
from mailing.models import OutboxMessage
from tenants import services
from tenants.context import public_context, tenant_context
from tenants.models import Tenant
from tenants.selectors import ref_of
from tests.billing.stripe.conftest import row, state, tell


def mails():
    with public_context():
        return OutboxMessage.objects.filter(subject__contains="paiement").count()


def run(cast):
    with public_context():
        return clock.run_due()


@pytest.mark.parametrize(("days", "day"), [(0.1, 0), (2.9, 0), (3.1, 3), (6.9, 3), (7.1, 7), (13.9, 7)])
def test_the_mail_that_is_due_is_sent_once(days, day, owing, fake, cast):
    owing(days)
    for sent in fake.take()[-3:]:
        tell(sent)
    assert state(cast) == "past_due"
    with public_context():
        assert list(DunningNotice.objects.values_list("day", flat=True)) == [day]
    run(cast)
    assert (mails(), run(cast)) == (1, 0)


def test_three_mails_in_seven_days_then_read_only(owing, fake, cast):
    """As the days pass: the unpaid invoice grows older."""
    owing(0.1)
    refresh(cast.home.id)
    since = row(cast).past_due_since
    said = []
    for day in range(1, 16):
        known = row(cast)
        with public_context(), tenant_context(cast.home):
            later = since + timedelta(days=day, minutes=1)
            dunning.tell(known, ref(cast), later)
        said.append(mails())
    assert said == [1, 1, 2, 2, 2, 2] + [3] * 9


def ref(cast):
    with public_context():
        return ref_of(Tenant.objects.get(pk=cast.home.id))


def test_day_fourteen_by_the_clock_alone(owing, fake, cast):
    """No event comes on the fourteenth day: the schedule moves the workspace, and nothing is written any more."""
    one = owing(14.1)
    fake.take()
    with public_context():
        made = stripe.Subscription.list(customer=one.customer).data[0]
        Subscription.objects.update(
            stripe_id=made.id, status="past_due", moved_to="past_due", past_due_since=made_since(one)
        )
    assert run(cast) == 1
    assert state(cast) == "suspended"
    with pytest.raises(services.ReadOnlyWorkspace):
        services.require_writable()
    one.pay()
    tell(fake.take()[-1])
    assert (state(cast), row(cast).past_due_since) == ("active", None)


def made_since(one):
    from datetime import UTC, datetime

    invoice = stripe.Invoice.list(customer=one.customer, status="open").data[0]
    return datetime.fromtimestamp(invoice.status_transitions.finalized_at, UTC)


def test_who_paid_meanwhile_is_not_suspended(owing, fake, cast):
    """The webhook of the payment was lost: Stripe is asked before anything is cut."""
    one = owing(14.1)
    with public_context():
        Subscription.objects.update(status="past_due", moved_to="past_due", past_due_since=made_since(one))
    one.pay()
    assert run(cast) == 1
    assert (state(cast), mails()) == ("active", 0)


def test_cancelled_is_closed_at_the_period_s_end(buyer, fake, cast):
    one = buyer(days_ago=10)
    made = one.subscribe("pro", "analytics")
    one.pass_days(9)
    stripe.Subscription.cancel(made.id)
    tell(fake.take()[-1])
    assert (state(cast), row(cast).status, run(cast)) == ("active", "canceled", 0)


def test_cancelled_at_the_end_closes_by_the_clock(buyer, fake, cast):
    one = buyer(days_ago=40)
    made = one.subscribe("pro", "analytics")
    stripe.Subscription.modify(made.id, cancel_at_period_end=True)
    refresh(cast.home.id)
    assert (state(cast), row(cast).cancel_at_period_end) == ("active", True)
    one.pass_days(39)
    fake.take()
    with public_context():
        Subscription.objects.update(status="canceled", moved_to="active")
    assert run(cast) == 1
    assert state(cast) == "closed"
    assert run(cast) == 0


def test_the_mail_says_until_when(owing, fake, cast):
    owing(0.1)
    refresh(cast.home.id)
    with public_context():
        sent = OutboxMessage.objects.get(subject__contains="paiement")
        assert sent.to == ["owner@atelier.test"]
        assert "lecture seule" in sent.text and "n’a pas abouti" in sent.html
        assert "{{" not in sent.text + sent.html


def test_the_mail_in_english(owing, fake, cast):
    with public_context():
        Tenant.objects.filter(pk=cast.home.id).update(language="en")
    owing(0.1)
    refresh(cast.home.id)
    with public_context():
        sent = OutboxMessage.objects.get(subject="Workspace Atelier: your payment did not go through")
        assert "read-only" in sent.text and "espace" not in sent.text and "paiement" not in sent.html
