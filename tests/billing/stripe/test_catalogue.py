"""Our catalogue at Stripe: pushed once, pushed again, changed; and a workspace's customer."""

import threading
from decimal import Decimal

import pytest
import stripe
from django.core.management import CommandError, call_command

from billing.models import Subscription
from billing.stripe import catalogue, customers
from plans.models import AddOn, Plan, Price
from plans.prices import price_set
from tenants.context import public_context
from tests.billing.stripe.conftest import price_id, push


def test_pushed_once(fake):
    done = [row["did"] for row in push()]
    assert (done.count("product created"), done.count("price created")) == (7, 14)
    made = stripe.Price.list(lookup_keys=["ruche_plan_pro_year_eur"]).data[0]
    assert (made.unit_amount, made.currency, made.tax_behavior) == (149_000, "eur", "exclusive")
    assert stripe.Product.retrieve("ruche_add_on_white_label").name == "Marque blanche"


def test_a_second_push_does_nothing(fake):
    push()
    before = len(fake.get("state")["objects"])
    assert push() == []
    assert len(fake.get("state")["objects"]) == before


def test_a_changed_amount_is_another_price(fake, people):
    push()
    before = price_id("pro")
    with public_context():
        price_set(
            Plan.objects.get(pk="pro"), interval="month", amount_excl_vat=Decimal("159.90"), actor=people.operator
        )
    assert sorted(row["did"] for row in push()) == ["price archived", "price created"]
    found = stripe.Price.list(lookup_keys=["ruche_plan_pro_month_eur"]).data
    assert [(one.id, one.unit_amount) for one in found] == [(price_id("pro"), 15_990)]
    assert not stripe.Price.retrieve(before).active
    assert push() == []


def test_what_was_changed_over_there_is_set_back(fake):
    push()
    stripe.Product.modify("ruche_plan_pro", name="Autre")
    stripe.Price.modify(price_id("scale"), active=False)
    assert sorted(row["did"] for row in push()) == ["price put in force", "product updated"]
    assert push() == []


def test_a_run_cut_short_is_taken_up(fake):
    push()
    with public_context():
        Price.objects.update(stripe_price_id="", lookup_key="")
    assert push() == []
    assert price_id("starter").startswith("price_")


def test_prices_of_another_account_are_made_anew(fake, people):
    """Another key, or the state of the fake is lost: our rows name prices that nobody knows there."""
    push()
    with public_context():
        price_set(
            Plan.objects.get(pk="pro"), interval="month", amount_excl_vat=Decimal("159.90"), actor=people.operator
        )
    push()
    before = price_id("pro")
    fake.reset()
    done = [row["did"] for row in push()]
    assert (done.count("product created"), done.count("price created")) == (7, 14)
    assert (done.count("coupon created"), done.count("portal created"), len(done)) == (1, 1, 23)
    assert price_id("pro") != before
    assert stripe.Price.retrieve(price_id("pro")).lookup_key == "ruche_plan_pro_month_eur"
    assert push() == []


def test_amounts_are_cents(fake):
    with public_context():
        amounts = [catalogue.amount_cents(row) for row in Price.objects.filter(plan_id="starter").order_by("interval")]
        assert amounts == [9_900, 99_000]
        assert AddOn.objects.count() == 4


def test_without_a_key_it_says_so(settings):
    settings.STRIPE_TEST_SECRET_KEY = ""
    with pytest.raises(CommandError, match="STRIPE_SECRET_KEY"):
        call_command("billing_push")


def test_a_customer_is_made_once(fake, people):
    made = customers.customer_of(people.home.id)
    assert customers.customer_of(people.home.id) == made
    found = stripe.Customer.retrieve(made)
    assert (found.email, found.metadata["djstripe_subscriber"]) == ("owner@atelier.test", str(people.home.id))


def test_who_is_deleted_pays_no_more(buyer, fake, people, on_commit):
    made = buyer().subscribe("pro")
    with public_context():
        Subscription.objects.update(stripe_id=made.id)
    with on_commit() as asked:
        customers.workspace_deleting(people.home)
    assert len(asked) == 1
    assert customers.end_subscriptions(made.customer) == 1
    assert stripe.Subscription.retrieve(made.id).status == "canceled"
    assert customers.end_subscriptions(made.customer) == 0


@pytest.mark.committed
def test_a_customer_is_made_once_by_many(fake, people):
    made: list[str] = []
    persons = [threading.Thread(target=_ask, args=(people.home.id, made)) for _ in range(6)]
    try:
        for one in persons:
            one.start()
        for one in persons:
            one.join()
        assert len(made) == 6 and len(set(made)) == 1
        assert len(stripe.Customer.list().data) == 1
    finally:
        with public_context():
            Subscription.objects.all().delete()


def _ask(tenant_id, made):
    from django.db import connections

    try:
        made.append(customers.customer_of(tenant_id))
    finally:
        connections.close_all()
