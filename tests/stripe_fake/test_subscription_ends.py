"""How subscriptions end: at the period, on a day, at once, with the customer."""

import pytest
import stripe

from tests.stripe_fake.shop import APRIL, DAY, HALF, MARCH, again


def test_cancelled_at_the_periods_end_it_lives_until_then(shop):
    subscription = shop.subscribe(shop.customer())
    ending = stripe.Subscription.modify(subscription.id, cancel_at_period_end=True)
    assert (ending.status, ending.cancel_at, ending.canceled_at) == ("active", APRIL, MARCH)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe.Invoice.create_preview(subscription=subscription.id)
    assert caught.value.code == "invoice_upcoming_none"
    back = stripe.Subscription.modify(subscription.id, cancel_at_period_end=False)
    assert (back.cancel_at, back.canceled_at) == (None, None)
    stripe.Subscription.modify(subscription.id, cancel_at_period_end=True)
    shop.go_to(APRIL + DAY)
    over = again(subscription)
    assert (over.status, over.ended_at) == ("canceled", APRIL)
    assert shop.told("customer.subscription.deleted") == ["customer.subscription.deleted"]


@pytest.mark.on_stripe
def test_cancelled_at_once_what_is_left_is_credited(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    stripe.Subscription.cancel(subscription.id, prorate=True, invoice_now=True)
    assert again(customer).balance == -8940
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe.Subscription.cancel(subscription.id)
    assert caught.value.code == "resource_missing"


@pytest.mark.on_stripe
def test_a_subscription_ends_on_the_day_that_was_set(shop):
    subscription = shop.subscribe(shop.customer())
    ending = stripe.Subscription.modify(subscription.id, cancel_at=HALF)
    assert (ending.cancel_at, ending.cancel_at_period_end) == (HALF, False)
    shop.go_to(HALF)
    assert (again(subscription).status, again(subscription).ended_at) == ("canceled", HALF)


def test_a_customer_who_goes_ends_what_they_had(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    stripe.Customer.delete(customer.id)
    assert again(subscription).status == "canceled"
    assert shop.told("customer.subscription.deleted", "customer.deleted") == [
        "customer.subscription.deleted",
        "customer.deleted",
    ]
    shop.go_to(APRIL + DAY)
