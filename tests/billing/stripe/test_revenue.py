"""The ledger of revenue follows what happens at Stripe, whatever tells of it."""

import io
import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
import stripe
from django.core.management import call_command
from django.db import connections

from billing.models import RevenueChange, Subscription
from billing.mrr import figures
from billing.stripe.customers import workspace_deleting
from billing.stripe.sync import refresh
from mailing.models import OutboxMessage
from plans.models import TenantAddOn
from tenants import services
from tenants.context import public_context
from tenants.models import Tenant
from tenants.sql import owner_transaction
from tests.billing.stripe.conftest import Buyer, deliver, price_id, row

YEARLY_WITH_OPTIONS = Decimal("279.07")


def lines() -> list[tuple[str, Decimal, Decimal, str]]:
    with public_context():
        found = RevenueChange.objects.order_by("at", "id")
        return [(one.kind, one.before_euros, one.after_euros, one.reason) for one in found]


def last(people: Any) -> tuple[str, Decimal, str]:
    """The last line, after a look at Stripe; the row stands where it ended."""
    refresh(people.home.id)
    kind, _before, after, reason = lines()[-1]
    assert row(people).mrr_euros == after
    return kind, after, reason


def test_a_history(buyer, fake, people):
    fake.post("settings", retry_days=[2, 2], dunning_end="unpaid")
    one = buyer(400)
    had = one.subscribe("pro")
    assert last(people) == ("new", 149, "begun")
    stripe.Subscription.modify(had.id, items=[{"price": price_id("analytics"), "quantity": 2}])
    assert last(people) == ("expansion", 207, "options")
    item = had["items"].data[0].id
    stripe.Subscription.modify(had.id, items=[{"id": item, "price": price_id("scale")}])
    assert last(people) == ("expansion", 407, "plan")
    stripe.Subscription.modify(had.id, items=[{"id": item, "price": price_id("scale", "year")}])
    assert last(people) == ("contraction", Decimal("348.83"), "period"), "3490 / 12 + 58"
    coupon = stripe.Coupon.create(percent_off=20, duration="forever", name="Fidélité")
    stripe.Subscription.modify(had.id, discounts=[{"coupon": coupon.id}])
    assert last(people) == ("contraction", YEARLY_WITH_OPTIONS, "discount")
    _owes_and_pays(one, people)
    one.fake.take()
    stripe.Subscription.cancel(had.id)
    assert last(people) == ("churn", 0, "ended")
    with public_context():
        month = figures.by_month(1)[0]
    assert (month.new, month.end, month.workspaces, month.left) == (149, 0, 0, 2)
    assert (month.churn, month.reactivation) == (2 * YEARLY_WITH_OPTIONS, YEARLY_WITH_OPTIONS)


def _owes_and_pays(one: Buyer, people: Any) -> None:
    """What is owed still counts, and is at risk; what is given up does not."""
    written = len(lines())
    one.pay_with("pm_card_chargeCustomerFail")
    one.pass_days(32)
    refresh(people.home.id)
    assert (row(people).status, len(lines())) == ("past_due", written)
    with public_context():
        assert figures.at_risk() == YEARLY_WITH_OPTIONS
    one.pass_days(6)
    assert last(people) == ("churn", 0, "unpaid")
    with public_context():
        assert figures.at_risk() == 0
    one.pay()
    assert last(people) == ("reactivation", YEARLY_WITH_OPTIONS, "paid")


def test_a_trial_brings_nothing_until_it_converts(buyer, people):
    one = buyer(20)
    one.subscribe("pro", trial_period_days=14)
    refresh(people.home.id)
    assert (row(people).status, lines()) == ("trialing", [])
    one.pass_days(16)
    assert last(people) == ("new", 149, "trial")


@pytest.mark.parametrize(
    ("coupon", "euros"),
    [
        ({"percent_off": 33.33, "duration": "forever"}, "99.34"),
        ({"amount_off": 1050, "currency": "eur", "duration": "repeating", "duration_in_months": 3}, "138.50"),
        ({"percent_off": 50, "duration": "once"}, "149"),
    ],
)
def test_what_is_taken_off_for_more_than_one_invoice(buyer, people, coupon, euros):
    made = stripe.Coupon.create(**coupon)
    buyer().subscribe("pro", discounts=[{"coupon": made.id}])
    assert last(people) == ("new", Decimal(euros), "begun")


def test_the_end_of_a_discount_is_heard(buyer, fake, people):
    """By the event of a discount alone: nothing else may come on that day. What is believed is what Stripe answers."""
    coupons = [stripe.Coupon.create(percent_off=20, duration=duration).id for duration in ("forever", "once")]
    had = buyer().subscribe("pro", discounts=[{"coupon": coupon} for coupon in coupons])
    refresh(people.home.id)
    ended = [one for one in fake.take() if json.loads(one["body"])["type"] == "customer.discount.deleted"]
    stripe.Subscription.modify(had.id, discounts="")
    assert deliver(ended[0])
    assert lines()[1:] == [("expansion", Decimal("119.20"), 149, "discount")]
    assert row(people).mrr_euros == 149


def test_a_change_that_nobody_told_of_is_found_by_night(buyer, people):
    had = buyer().subscribe("pro")
    refresh(people.home.id)
    stripe.Subscription.modify(had.id, items=[{"id": had["items"].data[0].id, "quantity": 2}])
    out = io.StringIO()
    call_command("billing_reconcile", "--json", "--repair", stdout=out)
    differing = [(one["what"], one["ours"], one["theirs"]) for one in json.loads(out.getvalue())]
    assert ("mrr_euros", "149.00", "298") in [
        (what, ours, theirs.partition(".")[0]) for what, ours, theirs in differing
    ]
    assert row(people).mrr_euros == 298


def test_a_deleted_workspace_brings_nothing(buyer, people, settings):
    """Also where Stripe was turned off since; and it is not counted again by what Stripe tells later."""
    buyer().subscribe("pro")
    refresh(people.home.id)
    settings.STRIPE_TEST_SECRET_KEY = ""
    workspace_deleting(people.home)
    assert lines()[-1] == ("churn", 149, 0, "deleted")
    assert row(people).mrr_euros == 0


@pytest.fixture
def put_back(people: Any) -> Iterator[None]:
    """What a committed test leaves."""
    yield
    with public_context():
        services.change_state(tenant_id=people.home.id, state="trial", reason="test", actor="test")
        before = {"version": 0, "plan_code": "pro", "trial_ends_at": people.home.trial_ends_at}
        Tenant.objects.filter(pk=people.home.id).update(state_reason="", **before)
        TenantAddOn.objects.filter(tenant_id=people.home.id).delete()
        Subscription.objects.all().delete()
        OutboxMessage.objects.filter(subject__contains="abonnement").delete()
    with owner_transaction() as owner:
        for schema in (people.home.schema_name, "public"):
            statement = f'DELETE FROM "{schema}".accounts_auditentry WHERE action = %s'
            owner.execute(statement.encode(), ["tenant.state_changed"])


@pytest.mark.committed
def test_two_looks_at_once_write_one_line(buyer, people, put_back):
    buyer().subscribe("pro")
    failed: list[BaseException] = []

    def look() -> None:
        try:
            refresh(people.home.id)
        except Exception as error:
            failed.append(error)
        finally:
            connections.close_all()

    looks = [threading.Thread(target=look) for _ in range(4)]
    for one in looks:
        one.start()
    for one in looks:
        one.join()
    assert (failed, lines()) == ([], [("new", 0, 149, "begun")])
