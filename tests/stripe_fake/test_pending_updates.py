"""Changes that wait to be paid for: put aside, then made or dropped. Amounts are worked out by hand."""

import pytest
import stripe

from tests.stripe_fake.shop import APRIL, DAY, HALF, MARCH, again, amounts, fields_of, invoices, visit

HOUR = 3600


def wish(subscription, *items, **more):
    given = {"payment_behavior": "pending_if_incomplete", "proration_behavior": "always_invoice", **more}
    return stripe.Subscription.modify(subscription.id, items=list(items), **given)


def to(subscription, price):
    return {"id": subscription["items"].data[0].id, "price": price.id}


def prices(subscription):
    return [item.price.id for item in again(subscription)["items"].data]


@pytest.fixture
def waiting(shop):
    """Pro, half a month in; the change to Scale was refused by the card."""
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    shop.fake.next_payments("insufficient_funds")
    changed = wish(subscription, to(subscription, shop.scale), {"price": shop.option.id})
    return changed


def test_paid_at_once_nothing_waits(shop):
    subscription = shop.subscribe(shop.customer())
    shop.go_to(HALF)
    changed = wish(subscription, to(subscription, shop.scale), expand=["latest_invoice"])
    assert (changed.pending_update, changed.latest_invoice.status) == (None, "paid")
    assert prices(subscription) == [shop.scale.id]
    assert "customer.subscription.pending_update_applied" not in shop.told()
    assert len(shop.events("customer.subscription.updated")) == 2, "its beginning, and the change"


def test_refused_it_is_put_aside(shop, waiting):
    aside = waiting.pending_update
    assert (waiting.status, prices(waiting)) == ("active", [shop.pro.id])
    assert [item.price.id for item in aside.subscription_items] == [shop.scale.id, shop.option.id]
    assert (aside.expires_at, aside.billing_cycle_anchor, aside.trial_end) == (HALF + 23 * HOUR, None, None)
    invoice = stripe.Invoice.retrieve(waiting.latest_invoice)
    assert (invoice.status, invoice.attempted, invoice.next_payment_attempt) == ("open", True, None)
    assert amounts(invoice) == [-7450, 17450, 4950]
    assert invoice.hosted_invoice_url
    told = shop.events("customer.subscription.updated")[-1]
    assert told.data.previous_attributes["pending_update"] is None


def test_paid_on_its_page_it_is_made(shop, waiting):
    invoice = stripe.Invoice.retrieve(waiting.latest_invoice)
    page = visit(invoice.hosted_invoice_url)
    assert "iban" not in fields_of(page.text)
    visit(invoice.hosted_invoice_url, method="card", number="4242 4242 4242 4242", name="A", expiry="12/30", cvc="123")
    now = again(waiting)
    assert (now.pending_update, prices(waiting)) == (None, [shop.scale.id, shop.option.id])
    assert again(invoice).status == "paid"
    applied = shop.events("customer.subscription.pending_update_applied")[0]
    assert applied.data.object["pending_update"] is None
    shop.go_to(APRIL + HOUR)
    assert amounts(invoices(stripe.Customer.retrieve(now.customer))[-1]) == [34900, 9900]


def test_refused_again_it_waits_on(shop, waiting):
    with pytest.raises(stripe.CardError):
        stripe.Invoice.pay(waiting.latest_invoice, payment_method="pm_card_visa_chargeDeclined")
    assert again(waiting).pending_update.expires_at == waiting.pending_update.expires_at
    assert (again(waiting).status, prices(waiting)) == ("active", [shop.pro.id])


def test_the_bank_is_asked_first(shop):
    subscription = shop.subscribe(shop.customer())
    shop.fake.next_payments("authenticate")
    changed = wish(subscription, to(subscription, shop.scale), expand=["latest_invoice.payments"])
    assert changed.pending_update and "invoice.payment_action_required" in shop.told()
    paid = stripe.PaymentIntent.retrieve(changed.latest_invoice.payments.data[0].payment.payment_intent)
    visit(paid.next_action.redirect_to_url.url, do="grant")
    assert (again(subscription).pending_update, prices(subscription)) == (None, [shop.scale.id])


def test_after_23_hours_it_is_dropped(shop, waiting):
    shop.go_to(HALF + 23 * HOUR - 1)
    assert again(waiting).pending_update
    shop.go_to(HALF + 23 * HOUR)
    now = again(waiting, expand=["latest_invoice"])
    assert (now.pending_update, now.status, prices(waiting)) == (None, "active", [shop.pro.id])
    assert now.latest_invoice.status == "void"
    assert shop.told("customer.subscription.pending_update_expired", "invoice.voided") == [
        "invoice.voided",
        "customer.subscription.pending_update_expired",
    ]
    shop.go_to(APRIL + HOUR)
    assert amounts(invoices(stripe.Customer.retrieve(now.customer))[-1]) == [14900], "as if nothing had been asked"


def test_it_never_outlives_the_period(shop):
    subscription = shop.subscribe(shop.customer())
    shop.go_to(APRIL - 5 * HOUR)
    shop.fake.next_payments("insufficient_funds")
    assert wish(subscription, to(subscription, shop.scale)).pending_update.expires_at == APRIL
    shop.go_to(APRIL)
    assert (again(subscription).pending_update, prices(subscription)) == (None, [shop.pro.id])


def test_voided_by_hand_it_is_dropped(shop, waiting):
    stripe.Invoice.void_invoice(waiting.latest_invoice)
    assert (again(waiting).pending_update, prices(waiting)) == (None, [shop.pro.id])


def test_another_wish_takes_its_place(shop, waiting):
    shop.go_to(HALF + HOUR)
    shop.fake.next_payments("insufficient_funds")
    changed = wish(waiting, to(waiting, shop.starter), {"price": shop.option.id})
    assert stripe.Invoice.retrieve(waiting.latest_invoice).status == "void"
    assert changed.pending_update.expires_at == HALF + 24 * HOUR
    assert changed.pending_update.subscription_items[0].price.id == shop.starter.id
    now = wish(waiting, to(waiting, shop.starter))
    assert (now.pending_update, prices(now)) == (None, [shop.starter.id])


def test_the_end_of_the_subscription_drops_it(shop, waiting):
    stripe.Subscription.cancel(waiting.id)
    assert again(waiting).pending_update is None
    assert stripe.Invoice.retrieve(waiting.latest_invoice).status == "void"


def test_what_waited_for_the_next_invoice_waits_on(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    stripe.InvoiceItem.create(customer=customer.id, amount=1000, currency="eur")
    shop.fake.next_payments("insufficient_funds")
    changed = wish(subscription, to(subscription, shop.scale))
    assert 1000 in amounts(stripe.Invoice.retrieve(changed.latest_invoice))
    stripe.Invoice.void_invoice(changed.latest_invoice)
    shop.go_to(APRIL + HOUR)
    assert sorted(amounts(invoices(customer)[-1])) == [1000, 14900]


def test_another_rhythm(shop):
    subscription = shop.subscribe(shop.customer())
    shop.go_to(HALF)
    shop.fake.next_payments("insufficient_funds")
    changed = wish(subscription, to(subscription, shop.yearly))
    item = changed["items"].data[0]
    assert (item.price.id, item.current_period_end, changed.billing_cycle_anchor) == (shop.pro.id, APRIL, MARCH)
    assert changed.pending_update.billing_cycle_anchor == HALF
    stripe.Invoice.pay(changed.latest_invoice)
    now = again(subscription)
    assert (now.billing_cycle_anchor, now["items"].data[0].current_period_start) == (HALF, HALF)
    assert now["items"].data[0].current_period_end == HALF + 365 * DAY


def test_a_trial_that_is_to_end_goes_on(shop):
    subscription = shop.subscribe(shop.customer(), trial_period_days=14)
    shop.fake.next_payments("insufficient_funds")
    changed = wish(subscription, trial_end="now")
    assert (changed.status, changed.trial_end) == ("trialing", MARCH + 14 * DAY)
    stripe.Invoice.pay(changed.latest_invoice)
    assert (again(subscription).status, again(subscription).trial_end) == ("active", MARCH)


def test_nothing_to_pay_nothing_waits(shop):
    subscription = shop.subscribe(shop.customer(), shop.scale)
    shop.go_to(HALF)
    changed = wish(subscription, to(subscription, shop.starter), expand=["latest_invoice"])
    assert (changed.pending_update, changed.latest_invoice.total) == (None, -15000)
    assert prices(subscription) == [shop.starter.id]


def test_what_stripe_does_not_take_with_it(shop):
    subscription = shop.subscribe(shop.customer())
    wrong = (
        {"cancel_at_period_end": True},
        {"default_tax_rates": [shop.rate.id]},
        {"description": "A"},
        {"items": [{**to(subscription, shop.scale), "tax_rates": [shop.rate.id]}]},
    )
    for given in wrong:
        with pytest.raises(stripe.InvalidRequestError, match="cannot be used with"):
            stripe.Subscription.modify(subscription.id, payment_behavior="pending_if_incomplete", **given)
    with pytest.raises(stripe.InvalidRequestError, match="updated"):
        shop.subscribe(shop.customer(), payment_behavior="pending_if_incomplete")


def test_no_change_waits_for_a_debit(shop):
    """Stripe takes cards and wallets for it, not accounts."""
    subscription = shop.subscribe(shop.customer("pm_sepaDebit_fr"))
    with pytest.raises(stripe.InvalidRequestError, match="sepa_debit"):
        wish(subscription, to(subscription, shop.scale))
    assert prices(subscription) == [shop.pro.id]


def test_a_late_subscription_is_not_paid_by_a_wish_that_was_dropped(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.fake.post("settings", retry_days=[60])
    shop.fake.next_payments("insufficient_funds")
    shop.go_to(APRIL + 2 * HOUR)
    owed = again(subscription).latest_invoice
    shop.fake.next_payments("insufficient_funds")
    changed = wish(subscription, to(subscription, shop.scale))
    assert (changed.status, changed.latest_invoice == owed) == ("past_due", False)
    stripe.Invoice.void_invoice(changed.latest_invoice)
    assert again(subscription).status == "past_due"
    stripe.Invoice.pay(owed)
    assert again(subscription).status == "active"
