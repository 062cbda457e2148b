"""A workspace closed by hand or by the clock: what it pays for at Stripe ends, and does not open it again."""

import pytest
import stripe

from accounts.models import AuditEntry
from billing.stripe import closing, customers, scheduled
from billing.stripe.sync import refresh
from billing.subscription_types import Choice
from tenants import queue, services
from tenants.context import public_context
from tests.billing.stripe.conftest import deliver, push, row, state
from tests.billing.stripe.shopper import Shopper
from tests.stripe_fake.shop import PERSON, visit

OPERATOR = "operator@platform.test"


@pytest.fixture
def asked(monkeypatch, on_commit):
    """`asked(act)`: what `act` asked the queue for, (name, arguments)."""

    def during(act):
        found = []
        monkeypatch.setattr(queue, "_push", lambda name, tenant_id, kwargs, **_once: found.append((name, kwargs)))
        with on_commit(execute=True):
            act()
        return [one for one in found if one[0] == "billing.stripe.closing.end_subscriptions_of"]

    return during


def close(people, actor=OPERATOR):
    return services.tenant_close(tenant_id=people.home.id, reason="fraude", actor=actor)


def run(name, kwargs):
    return queue.run(name=name, tenant_id=None, arguments=kwargs)


def living(one):
    return list(stripe.Subscription.list(customer=one.customer).data)


def test_closed_by_hand_is_charged_no_more_and_stays_closed(buyer, fake, people, asked):
    one = buyer()
    one.subscribe("pro", "analytics")
    for sent in fake.take():
        deliver(sent)
    jobs = asked(lambda: close(people))
    assert [name for name, _kwargs in jobs] == ["billing.stripe.closing.end_subscriptions_of"]
    assert run(*jobs[0]) == 1
    assert living(one) == []
    # The event of it comes back, and the period is paid until next month.
    for sent in fake.take():
        deliver(sent)
    with public_context():
        assert scheduled.run_due() == 0 and closing.enqueue_remaining() == 0
    assert (state(people), row(people).status, row(people).mrr_euros) == ("closed", "canceled", 0)
    assert run(*jobs[0]) == 0, "a second run finds nothing"
    with public_context():
        ended = AuditEntry.objects.get(action="subscription.ended")
        assert (ended.target, ended.details) == (people.home.slug, {"reason": "fraude", "quantity": 1})


def test_opened_again_it_stands_without_a_subscription(buyer, fake, people, asked):
    buyer().subscribe("pro")
    deliver(fake.take()[-1])
    (job,) = asked(lambda: close(people))
    run(*job)
    services.change_state(tenant_id=people.home.id, state="active", reason="geste", actor=OPERATOR)
    for sent in fake.take():
        deliver(sent)
    refresh(people.home.id)
    assert (state(people), row(people).status) == ("active", "canceled")


def test_opened_again_before_the_job_keeps_its_subscription(buyer, fake, people, asked):
    one = buyer()
    one.subscribe("pro")
    deliver(fake.take()[-1])
    (job,) = asked(lambda: close(people))
    services.tenant_resume(tenant_id=people.home.id, reason="erreur", actor=OPERATOR)
    assert run(*job) == 0
    assert len(living(one)) == 1


def test_a_debt_ends_too(owing, fake, people, asked):
    one = owing(0.1)
    deliver(fake.take()[-1])
    assert state(people) == "past_due"
    (job,) = asked(lambda: close(people, actor="système"))
    run(*job)
    for sent in fake.take():
        deliver(sent)
    assert (state(people), living(one)) == ("closed", [])


def test_stripe_s_own_closing_asks_for_nothing(buyer, fake, people, asked):
    buyer().subscribe("pro")
    deliver(fake.take()[-1])
    assert asked(lambda: close(people, actor="Stripe")) == []


def test_who_never_paid_has_nothing_to_end(fake, people, asked):
    assert asked(lambda: close(people)) == []


def test_what_could_not_be_ended_is_taken_up(buyer, fake, people, asked):
    one = buyer()
    one.subscribe("pro")
    deliver(fake.take()[-1])
    (job,) = asked(lambda: close(people))
    fake.post("fail", path="/v1/subscriptions", status=500, retry="false")
    with pytest.raises(stripe.StripeError):
        run(*job)
    with public_context():
        (again,) = asked(closing.enqueue_remaining)
    assert again == job
    run(*again)
    assert (state(people), living(one)) == ("closed", [])


def test_a_page_of_payment_left_open_opens_nothing_again(fake, people, asked):
    push()
    shopper = Shopper(fake, people)
    shopper.address()
    url = shopper.page(Choice("pro"))
    (job,) = asked(lambda: close(people))
    run(*job)
    assert visit(url, do="pay", **PERSON).status == 410
    refresh(people.home.id)
    assert (state(people), list(stripe.Subscription.list().data)) == ("closed", [])


def test_what_is_deleted_before_it_ever_paid_cannot_be_paid_for(fake, people, monkeypatch, on_commit):
    push()
    shopper = Shopper(fake, people)
    shopper.address()
    url = shopper.page(Choice("pro"))
    found = []
    monkeypatch.setattr(queue, "_push", lambda name, tenant_id, kwargs, **_once: found.append((name, kwargs)))
    with public_context(), on_commit(execute=True):
        customers.workspace_deleting(people.home)
    run(*found[0])
    assert visit(url, do="pay", **PERSON).status == 410
