"""How subscriptions change, and what each change costs. Amounts are worked out by hand."""

from fractions import Fraction

import pytest
import stripe

from tests.stripe_fake.shop import APRIL, DAY, HALF, MARCH, again, amounts, invoices, switch


@pytest.mark.on_stripe
def test_an_upgrade_in_the_middle_of_the_month(shop):
    """Half of 149 back, half of 349 charged: 100 euros, and 20 of VAT."""
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    switch(subscription, shop.scale, proration_behavior="always_invoice")
    invoice = invoices(customer)[-1]
    assert amounts(invoice) == [-7450, 17450]
    assert (invoice.subtotal, invoice.total, invoice.status) == (10000, 12000, "paid")
    assert invoice.billing_reason == "subscription_update"
    credit = invoice.lines.data[0]
    assert (credit.period.start, credit.period.end) == (HALF, APRIL)
    details = credit.parent.subscription_item_details
    assert details.proration
    assert details.proration_details.credited_items.invoice == invoices(customer)[0].id


@pytest.mark.on_stripe
@pytest.mark.parametrize("seconds", [1, 864_001, 2_678_399])
def test_proration_is_exact_to_the_second(shop, seconds):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(MARCH + seconds)
    switch(subscription, shop.scale, proration_behavior="always_invoice")
    left = Fraction(31 * DAY - seconds, 31 * DAY)

    def rounded(exact):
        return int(exact + Fraction(1, 2))

    assert amounts(invoices(customer)[-1]) == [-rounded(14900 * left), rounded(34900 * left)]


@pytest.mark.on_stripe
def test_prorations_wait_for_the_next_invoice(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    switch(subscription, shop.scale)
    assert len(invoices(customer)) == 1
    assert [item.amount for item in stripe.InvoiceItem.list(customer=customer.id, pending=True).data] == [17450, -7450]
    shop.go_to(APRIL + 3600)
    assert amounts(invoices(customer)[-1]) == [-7450, 17450, 34900]


@pytest.mark.on_stripe
def test_a_change_without_proration_costs_nothing_until_the_next_invoice(shop):
    customer = shop.customer()
    switch(shop.subscribe(customer), shop.scale, proration_behavior="none")
    shop.go_to(APRIL + 3600)
    assert amounts(invoices(customer)[-1]) == [34900]


@pytest.mark.on_stripe
def test_quantities_and_options(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    item = subscription["items"].data[0].id
    stripe.Subscription.modify(
        subscription.id,
        items=[{"id": item, "quantity": 3}, {"price": shop.option.id}],
        proration_behavior="always_invoice",
    )
    assert amounts(invoices(customer)[-1]) == [-7450, 22350, 4950]
    added = again(subscription)["items"].data[1]
    assert added.current_period_end == APRIL
    stripe.Subscription.modify(
        subscription.id, items=[{"id": added.id, "deleted": True}], proration_behavior="always_invoice"
    )
    assert amounts(invoices(customer)[-1]) == [-4950]
    assert invoices(customer)[-1].amount_due == 0
    assert again(customer).balance == -5940
    shop.go_to(APRIL + 3600)
    last = invoices(customer)[-1]
    assert (last.total, last.starting_balance, last.amount_due) == (53640, -5940, 47700)
    assert again(customer).balance == 0


@pytest.mark.on_stripe
def test_the_last_item_of_a_subscription_cannot_be_removed(shop):
    subscription = shop.subscribe(shop.customer())
    item = subscription["items"].data[0].id
    with pytest.raises(stripe.InvalidRequestError, match="at least one active plan"):
        stripe.Subscription.modify(subscription.id, items=[{"id": item, "deleted": True}])
    assert again(subscription)["items"].data[0].id == item


@pytest.mark.on_stripe
def test_from_month_to_year_begins_anew(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    changed = switch(subscription, shop.yearly)
    assert amounts(invoices(customer)[-1]) == [-7450, 149000]
    item = changed["items"].data[0]
    assert (item.current_period_start, item.current_period_end) == (HALF, HALF + 365 * DAY)
    assert changed.billing_cycle_anchor == HALF


@pytest.mark.on_stripe
def test_a_month_and_a_year_beside_each_other(shop):
    customer = shop.customer()
    shop.subscribe(customer, shop.yearly, shop.option)
    shop.go_to(APRIL + 3600)
    assert [amounts(invoice) for invoice in invoices(customer)] == [[149000, 9900], [9900]]


@pytest.mark.parametrize("behaviour", ["create_prorations", "always_invoice", "none"])
def test_a_preview_says_what_then_happens(shop, behaviour):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF + 12345)
    items = [{"id": subscription["items"].data[0].id, "price": shop.scale.id}, {"price": shop.option.id, "quantity": 2}]
    details = {"items": items, "proration_behavior": behaviour}
    before = len(shop.told())
    preview = stripe.Invoice.create_preview(subscription=subscription.id, subscription_details=details)
    assert len(shop.told()) == before
    assert again(subscription)["items"].data[0].price.id == shop.pro.id
    stripe.Subscription.modify(subscription.id, items=items, proration_behavior=behaviour)
    if behaviour != "always_invoice":
        shop.go_to(APRIL + 3600)
    real = invoices(customer)[-1]
    assert (amounts(preview), preview.total, preview.amount_due) == (amounts(real), real.total, real.amount_due)
    assert preview.id.startswith("upcoming_in_") and preview.status == "draft"


@pytest.mark.on_stripe
def test_a_preview_of_a_subscription_to_be(shop):
    preview = stripe.Invoice.create_preview(
        customer=shop.customer().id,
        subscription_details={"items": [{"price": shop.pro.id}], "default_tax_rates": [shop.rate.id]},
    )
    assert preview.total == 17880
    assert stripe.Subscription.list(status="all", test_clock=shop.clock.id).data == []


@pytest.mark.on_stripe
def test_items_added_and_changed_one_by_one_are_prorated(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    item = stripe.SubscriptionItem.create(
        subscription=subscription.id, price=shop.option.id, proration_behavior="always_invoice"
    )
    assert amounts(invoices(customer)[-1]) == [4950]
    stripe.SubscriptionItem.modify(item.id, quantity=3, proration_behavior="always_invoice")
    assert amounts(invoices(customer)[-1]) == [-4950, 14850]


def test_a_change_that_is_refused_by_the_card_changes_nothing(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.fake.next_payments("insufficient_funds")
    with pytest.raises(stripe.CardError) as caught:
        switch(subscription, shop.scale, proration_behavior="always_invoice", payment_behavior="error_if_incomplete")
    assert caught.value.code == "card_declined"
    assert again(subscription)["items"].data[0].price.id == shop.pro.id
    assert len(invoices(customer)) == 1


def test_what_is_not_simulated_says_so(shop):
    for given in ({"pause_collection": {"behavior": "void"}}, {"cancel_at": "max_billed_until"}):
        subscription = shop.subscribe(shop.customer())
        with pytest.raises(stripe.InvalidRequestError) as caught:
            stripe.Subscription.modify(subscription.id, **given)
        assert caught.value.code == "fake_not_simulated"


@pytest.mark.on_stripe
def test_a_new_anchor_begins_a_period_and_is_prorated(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    changed = stripe.Subscription.modify(
        subscription.id, billing_cycle_anchor="now", proration_behavior="create_prorations"
    )
    assert amounts(invoices(customer)[-1]) == [-7450, 14900]
    assert changed["items"].data[0].current_period_start == HALF


def test_a_change_that_could_not_be_paid_falls_behind(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    shop.fake.next_payments("insufficient_funds")
    changed = switch(subscription, shop.scale, proration_behavior="always_invoice")
    assert (changed.status, changed["items"].data[0].price.id) == ("past_due", shop.scale.id)
    assert again(changed, expand=["latest_invoice"]).latest_invoice.status == "open"
    shop.go_to(HALF + 3 * DAY)
    assert again(subscription).status == "active"


@pytest.mark.on_stripe
def test_a_change_is_prorated_from_the_date_that_is_given(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    switch(subscription, shop.scale, proration_behavior="always_invoice", proration_date=HALF)
    assert amounts(invoices(customer)[-1]) == [-7450, 17450]
