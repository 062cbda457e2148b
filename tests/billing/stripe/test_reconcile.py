"""Hold against Stripe: what was lost is listed, then repaired; what only people mend is said, and left."""

import io
import json

import stripe
from django.core.management import call_command

from billing.models import BillingProfile, Subscription
from billing.stripe import reconcile
from billing.stripe.sync import refresh
from tenants import services
from tenants.context import public_context
from tests.billing.stripe.conftest import price_id, push, row, state
from tests.billing.stripe.shopper import Shopper


def run(*options):
    out = io.StringIO()
    call_command("billing_reconcile", "--json", *options, stdout=out)
    return json.loads(out.getvalue())


def whats(found):
    return sorted(one["what"] for one in found)


def test_all_events_lost(buyer, fake, people):
    buyer().subscribe("scale", "analytics")
    found = run()
    assert {"status", "plan_code", "options", "state"} <= set(whats(found))
    assert (state(people), row(people).status) == ("trial", ""), "only told"
    run("--repair")
    assert (state(people), row(people).plan_code, run()) == ("active", "scale", [])


def test_in_agreement_nothing_is_said(buyer, fake, people):
    buyer().subscribe("pro")
    refresh(people.home.id)
    assert run() == []
    with public_context():
        assert reconcile.run_daily() == 0


def test_a_state_changed_behind_our_back_is_put_right(buyer, fake, people):
    """The row says nothing of a move by hand: it never moved the workspace."""
    buyer().subscribe("pro")
    refresh(people.home.id)
    with public_context():
        Subscription.objects.update(moved_to="", moved_for="")
    services.tenant_suspend(tenant_id=people.home.id, reason="essai", actor="test")
    assert whats(run("--repair")) == ["state"]
    assert state(people) == "active"


def test_a_move_by_hand_is_let_stand(buyer, fake, people):
    buyer().subscribe("pro")
    refresh(people.home.id)
    services.tenant_suspend(tenant_id=people.home.id, reason="fraude", actor="operator@platform.test")
    services.change_plan(tenant_id=people.home.id, plan="scale", reason="geste", actor="operator@platform.test")
    found = run("--repair")
    assert [(one["what"], one["ours"], one["theirs"], one["for_people"]) for one in found] == [
        ("plan", "scale", "pro", True)
    ]
    assert state(people) == "suspended"


def test_two_subscriptions_are_for_people(buyer, fake, people):
    one = buyer()
    one.subscribe("pro")
    one.subscribe("pro")
    refresh(people.home.id)
    assert whats(run("--repair")) == ["live"]


def test_a_price_of_nobody_s_is_for_people(buyer, fake, people):
    one = buyer()
    product = stripe.Product.create(name="Ailleurs")
    price = stripe.Price.create(product=product.id, currency="eur", unit_amount=100, recurring={"interval": "month"})
    items = [{"price": price_id("pro")}, {"price": price.id}]
    stripe.Subscription.create(customer=one.customer, items=items)
    refresh(people.home.id)
    assert whats(run("--repair")) == ["unknown_prices"]
    assert row(people).plan_code == "pro"


def test_a_workspace_that_is_gone_stops_nobody(buyer, fake, people):
    from tenants.ids import new_id

    buyer().subscribe("pro")
    with public_context():
        Subscription.objects.create(tenant_id=new_id(), stripe_customer_id="cus_gone")
    run("--repair")
    assert state(people) == "active"


def test_a_customer_stripe_does_not_know(fake, people):
    with public_context():
        Subscription.objects.create(tenant_id=people.home.id, stripe_customer_id="cus_nobody")
    assert whats(run("--repair")) in (["unread"], [])


def test_a_number_that_stripe_refuses_stops_nobody(fake, people, settings):
    push()
    shopper = Shopper(fake, people)
    shopper.address(country="DE", postal_code="10115", city="Berlin")
    shopper.buy("pro")
    settings.VAT_OSS = True
    with public_context():
        BillingProfile.objects.update(vat_number="DE1")
    assert whats(run("--repair")) == ["unread"]


def test_off_it_does_nothing_by_the_clock(settings):
    settings.STRIPE_TEST_SECRET_KEY = ""
    with public_context():
        assert reconcile.run_daily() == 0


def test_a_rate_that_changed_by_law_is_told(fake, people, settings):
    push()
    shopper = Shopper(fake, people)
    shopper.address(country="DE", postal_code="10115", city="Berlin")
    shopper.buy("pro")
    assert run() == []
    settings.VAT_OSS = True
    assert whats(run()) == ["vat"]
    run("--repair")
    assert run() == []
    rates = stripe.Subscription.list(limit=1).data[0].default_tax_rates
    assert [rate.percentage for rate in rates] == [19]
