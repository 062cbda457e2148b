"""Trials: their end, with and without a card, and what is changed within them."""

import pytest
import stripe

from tests.stripe_fake.shop import DAY, MARCH, again, invoices, switch


def test_a_trial_and_its_end(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, trial_period_days=14, expand=["latest_invoice"])
    assert (subscription.status, subscription.latest_invoice.total) == ("trialing", 0)
    assert subscription.trial_end == MARCH + 14 * DAY
    shop.go_to(MARCH + 11 * DAY)
    assert shop.told("customer.subscription.trial_will_end") == ["customer.subscription.trial_will_end"]
    shop.go_to(MARCH + 14 * DAY)
    now = again(subscription, expand=["latest_invoice"])
    assert (now.status, now.latest_invoice.status) == ("active", "draft")
    shop.go_to(MARCH + 14 * DAY + 3600)
    assert [invoice.amount_paid for invoice in invoices(customer)] == [0, 17880]


@pytest.mark.on_stripe
@pytest.mark.parametrize(("behaviour", "status"), [("cancel", "canceled"), ("pause", "paused")])
def test_a_trial_that_ends_without_a_card(shop, behaviour, status):
    settings = {"end_behavior": {"missing_payment_method": behaviour}}
    subscription = shop.subscribe(shop.customer(""), trial_period_days=14, trial_settings=settings)
    shop.go_to(MARCH + 20 * DAY)
    assert again(subscription).status == status


@pytest.mark.on_stripe
def test_a_paused_subscription_is_resumed_and_charged(shop):
    customer = shop.customer("")
    settings = {"end_behavior": {"missing_payment_method": "pause"}}
    subscription = shop.subscribe(customer, trial_period_days=14, trial_settings=settings)
    shop.go_to(MARCH + 20 * DAY)
    method = stripe.PaymentMethod.attach("pm_card_visa", customer=customer.id)
    stripe.Customer.modify(customer.id, invoice_settings={"default_payment_method": method.id})
    assert stripe.Subscription.resume(subscription.id).status == "active"
    assert again(subscription)["items"].data[0].current_period_start == MARCH + 20 * DAY
    assert invoices(customer)[-1].amount_paid == 17880


@pytest.mark.on_stripe
def test_a_trial_ended_by_hand_is_paid_at_once(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, trial_period_days=14)
    shop.go_to(MARCH + 2 * DAY)
    now = stripe.Subscription.modify(subscription.id, trial_end="now")
    assert (now.status, now.trial_end, now.billing_cycle_anchor) == ("active", MARCH + 2 * DAY, MARCH + 2 * DAY)
    assert [invoice.amount_paid for invoice in invoices(customer)] == [0, 17880]


@pytest.mark.on_stripe
def test_a_trial_made_longer(shop):
    subscription = shop.subscribe(shop.customer(), trial_period_days=14)
    later = stripe.Subscription.modify(subscription.id, trial_end=MARCH + 20 * DAY)
    assert (later.status, later["items"].data[0].current_period_end) == ("trialing", MARCH + 20 * DAY)
    shop.go_to(MARCH + 19 * DAY)
    assert again(subscription).status == "trialing"


@pytest.mark.on_stripe
def test_another_plan_within_a_trial_costs_nothing(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, trial_period_days=14)
    switch(subscription, shop.scale, proration_behavior="always_invoice")
    assert [invoice.total for invoice in invoices(customer)] == [0]
    shop.go_to(MARCH + 14 * DAY + 3600)
    assert invoices(customer)[-1].total == 41880
