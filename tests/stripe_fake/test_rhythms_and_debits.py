"""A yearly plan with a monthly option, and its end; debits that fail days later; coupons put on later; expansions."""

import pytest
import stripe

from tests.stripe_fake.shop import APRIL, DAY, MARCH, again, amounts, invoices

YEAR = MARCH + 365 * DAY
HOUR = 3600


# Several rhythms


def test_a_year_and_a_month_end_together(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.yearly, shop.option)
    assert [item.current_period_end for item in subscription["items"].data] == [YEAR, APRIL]
    ending = stripe.Subscription.modify(subscription.id, cancel_at=YEAR)
    assert (ending.cancel_at, ending.cancel_at_period_end, ending.canceled_at) == (YEAR, False, MARCH)
    shop.go_to(YEAR - 1)
    assert again(subscription).status == "active"
    assert [invoice.subtotal for invoice in invoices(customer)] == [158900] + [9900] * 11
    shop.go_to(YEAR + 2 * HOUR)
    over = again(subscription)
    assert (over.status, over.ended_at, len(invoices(customer))) == ("canceled", YEAR, 12)


def test_the_end_is_taken_back(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.yearly, shop.option, cancel_at=YEAR)
    back = stripe.Subscription.modify(subscription.id, cancel_at="")
    assert (back.cancel_at, back.canceled_at, back.cancellation_details.reason) == (None, None, None)
    shop.go_to(YEAR + 2 * HOUR)
    assert (again(subscription).status, invoices(customer)[-1].subtotal) == ("active", 158900)


@pytest.mark.parametrize(("word", "moment"), [("min_period_end", APRIL), ("max_period_end", YEAR)])
def test_words_for_the_end(shop, word, moment):
    subscription = shop.subscribe(shop.customer(), shop.yearly, shop.option)
    assert stripe.Subscription.modify(subscription.id, cancel_at=word).cancel_at == moment


def test_the_period_s_end_is_the_first_of_them(shop):
    subscription = shop.subscribe(shop.customer(), shop.yearly, shop.option)
    assert stripe.Subscription.modify(subscription.id, cancel_at_period_end=True).cancel_at == APRIL


def test_items_change_while_the_end_is_set(shop):
    subscription = shop.subscribe(shop.customer(), shop.yearly, cancel_at=YEAR)
    changed = stripe.Subscription.modify(subscription.id, items=[{"price": shop.option.id}], cancel_at=YEAR)
    assert (len(changed["items"].data), changed.cancel_at) == (2, YEAR)


def test_after_the_end_nothing_is_to_come(shop):
    subscription = shop.subscribe(shop.customer(), shop.yearly, shop.option, cancel_at=YEAR)
    assert stripe.Invoice.create_preview(subscription=subscription.id).subtotal == 9900
    shop.go_to(YEAR - DAY)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe.Invoice.create_preview(subscription=subscription.id)
    assert caught.value.code == "invoice_upcoming_none"


def test_a_checkout_of_several_rhythms_is_refused(shop):
    items = [{"price": price.id, "quantity": 1} for price in (shop.yearly, shop.option)]
    with pytest.raises(stripe.InvalidRequestError, match="interval"):
        shop.session(line_items=items, subscription_data={"billing_mode": {"type": "flexible"}})


# Debits


def charges(invoice):
    listed = stripe.InvoicePayment.list(invoice=invoice.id, expand=["data.payment.payment_intent"])
    paid = listed.data[0].payment.payment_intent
    return stripe.Charge.list(payment_intent=paid.id, expand=["data.failure_balance_transaction"]).data


def test_a_debit_that_fails_says_when(shop):
    customer = shop.customer("pm_sepaDebit_fr")
    shop.subscribe(customer)
    shop.go_to(MARCH + 10 * DAY)
    shop.fake.next_payments("pending_fail")
    shop.go_to(APRIL + 2 * HOUR)
    owed = invoices(customer)[-1]
    (pending,) = charges(owed)
    assert (pending.status, pending.failure_balance_transaction, owed.status) == ("pending", None, "open")
    booked = stripe.BalanceTransaction.retrieve(pending.balance_transaction)
    assert (booked.amount, booked.created) == (17880, pending.created)
    shop.go_to(APRIL + 10 * DAY)
    failed = charges(owed)[-1]
    back = failed.failure_balance_transaction
    assert (failed.status, failed.payment_method_details.type) == ("failed", "sepa_debit")
    assert (back.type, back.amount, back.source) == ("payment_failure_refund", -17880, failed.id)
    assert back.created == APRIL + HOUR + 5 * DAY
    assert stripe.BalanceTransaction.retrieve(back.id).created == back.created


def test_what_was_refused_at_once_moved_nothing(shop):
    customer = shop.customer()
    shop.subscribe(customer)
    shop.fake.next_payments("insufficient_funds")
    shop.go_to(APRIL + 2 * HOUR)
    (failed,) = charges(invoices(customer)[-1])
    assert (failed.balance_transaction, failed.failure_balance_transaction) == (None, None)


# Coupons on what lives


def test_a_coupon_put_on_later(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    coupon = stripe.Coupon.create(percent_off=50, duration="repeating", duration_in_months=3)
    preview = stripe.Invoice.create_preview(subscription=subscription.id, discounts=[{"coupon": coupon.id}])
    assert (preview.subtotal, preview.total) == (14900, 8940)
    assert again(subscription).discounts == [] and again(coupon).times_redeemed == 0
    changed = stripe.Subscription.modify(
        subscription.id, discounts=[{"coupon": coupon.id}], expand=["discounts.source.coupon"]
    )
    assert changed.discounts[0].source.coupon.percent_off == 50
    shop.go_to(APRIL + 2 * HOUR)
    assert invoices(customer)[-1].total == 8940
    shop.go_to(MARCH + 122 * DAY + 2 * HOUR)
    assert [one.total for one in invoices(customer)[1:]] == [8940, 8940, 17880, 17880]


def test_a_preview_of_a_change_with_a_code(shop):
    subscription = shop.subscribe(shop.customer())
    coupon = stripe.Coupon.create(percent_off=10, duration="forever")
    code = stripe.PromotionCode.create(promotion={"type": "coupon", "coupon": coupon.id}, code="DIX")
    details = {
        "items": [{"id": subscription["items"].data[0].id, "price": shop.scale.id}],
        "proration_behavior": "always_invoice",
        "proration_date": MARCH,
    }
    discounts = [{"promotion_code": code.id}]
    preview = stripe.Invoice.create_preview(
        subscription=subscription.id, subscription_details=details, discounts=discounts
    )
    assert amounts(preview) == [-13410, 31410]
    assert again(code).times_redeemed == 0


def test_a_code_for_a_first_time_only(shop):
    coupon = stripe.Coupon.create(percent_off=10, duration="once")
    first = {"first_time_transaction": True}
    promotion = {"type": "coupon", "coupon": coupon.id}
    code = stripe.PromotionCode.create(promotion=promotion, code="ONE", restrictions=first)
    discounts = [{"promotion_code": code.id}]
    subscription = shop.subscribe(shop.customer(), discounts=discounts)
    with pytest.raises(stripe.InvalidRequestError, match="prior transactions"):
        stripe.Subscription.modify(subscription.id, discounts=discounts)


def test_everything_of_a_subscription_in_one_question(shop):
    customer = shop.customer()
    coupon = stripe.Coupon.create(percent_off=10, duration="forever", name="Dix")
    method = again(customer).invoice_settings.default_payment_method
    shop.subscribe(customer, discounts=[{"coupon": coupon.id}], default_payment_method=method)
    expand = ["default_payment_method", "customer.invoice_settings.default_payment_method", "discounts.source.coupon"]
    (one,) = stripe.Subscription.list(customer=customer.id, expand=[f"data.{name}" for name in expand]).data
    assert one.default_payment_method.card.last4 == "4242"
    assert one.customer.invoice_settings.default_payment_method.type == "card"
    assert one.discounts[0].source.coupon.name == "Dix"
