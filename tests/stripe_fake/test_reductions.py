"""Coupons and credit notes. Amounts are worked out by hand."""

import pytest
import stripe

from tests.stripe_fake.shop import APRIL, DAY, HALF, MARCH, again, amounts, invoices, switch


@pytest.mark.on_stripe
def test_a_coupon_for_three_months(shop):
    coupon = stripe.Coupon.create(percent_off=50, duration="repeating", duration_in_months=3)
    customer = shop.customer()
    shop.subscribe(customer, discounts=[{"coupon": coupon.id}])
    shop.go_to(MARCH + 125 * DAY)
    assert [invoice.total for invoice in invoices(customer)] == [8940, 8940, 8940, 17880, 17880]
    first = stripe.Invoice.retrieve(invoices(customer)[0].id, expand=["discounts", "lines.data.discounts"])
    assert first.discounts[0].source.coupon == coupon.id
    assert first.total_discount_amounts[0].amount == 7450
    assert again(coupon).times_redeemed == 1


@pytest.mark.on_stripe
def test_a_coupon_for_once_in_euros(shop):
    coupon = stripe.Coupon.create(amount_off=2000, currency="eur", duration="once")
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.pro, shop.option, discounts=[{"coupon": coupon.id}])
    assert again(subscription).discounts == []
    shop.go_to(APRIL + 3600)
    assert [invoice.total for invoice in invoices(customer)] == [27360, 29760]


@pytest.mark.on_stripe
def test_a_proration_carries_the_percentage(shop):
    coupon = stripe.Coupon.create(percent_off=50, duration="forever")
    customer = shop.customer()
    subscription = shop.subscribe(customer, discounts=[{"coupon": coupon.id}])
    shop.go_to(HALF)
    switch(subscription, shop.scale, proration_behavior="always_invoice")
    assert amounts(invoices(customer)[-1]) == [-3725, 8725]


@pytest.mark.on_stripe
def test_half_an_invoice_credited(shop):
    """The tax goes back with the amount."""
    customer = shop.customer()
    shop.subscribe(customer, shop.pro, shop.option)
    invoice = invoices(customer)[0]
    line = invoice.lines.data[0].id
    credited = {"type": "invoice_line_item", "invoice_line_item": line, "amount": 5000}
    note = stripe.CreditNote.create(invoice=invoice.id, lines=[credited], refund_amount=6000)
    assert (note.subtotal, note.total, note.total_taxes[0].amount) == (5000, 6000, 1000)
    charge = stripe.Charge.list(customer=customer.id).data[0]
    assert charge.amount_refunded == 6000
    with pytest.raises(stripe.InvalidRequestError, match="larger"):
        stripe.CreditNote.create(invoice=invoice.id, amount=99999, credit_amount=99999)


@pytest.mark.on_stripe
def test_less_is_due_after_a_credit_note(shop):
    customer = shop.customer("")
    shop.subscribe(customer, collection_method="send_invoice", days_until_due=30)
    invoice = invoices(customer)[0]
    stripe.CreditNote.create(invoice=invoice.id, amount=7880)
    assert again(invoice).amount_remaining == 10000
    stripe.CreditNote.create(invoice=invoice.id, amount=10000)
    assert again(invoice).status == "paid"
