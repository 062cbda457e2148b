"""How subscriptions begin, change and end, and what each step costs. Amounts are worked out by hand."""

from fractions import Fraction

import pytest
import stripe

from tests.stripe_fake.shop import DAY, MARCH, again, amounts, invoices

APRIL = MARCH + 31 * DAY
HALF = MARCH + 31 * DAY // 2


def _switch(subscription, price, **more):
    item = subscription["items"].data[0].id
    return stripe.Subscription.modify(subscription.id, items=[{"id": item, "price": price.id}], **more)


def test_a_first_month_with_vat(shop):
    subscription = shop.subscribe(shop.customer(), expand=["latest_invoice"])
    item, invoice = subscription["items"].data[0], subscription.latest_invoice
    assert subscription.status == "active"
    assert (item.current_period_start, item.current_period_end) == (MARCH, APRIL)
    assert (invoice.subtotal, invoice.total, invoice.amount_paid, invoice.status) == (14900, 17880, 17880, "paid")
    assert invoice.total_taxes[0].amount == 2980
    assert invoice.total_taxes[0].taxable_amount == 14900
    assert invoice.parent.subscription_details.subscription == subscription.id
    assert invoice.lines.data[0].parent.subscription_item_details.subscription_item == item.id
    assert invoice.lines.data[0].pricing.price_details.price == shop.pro.id
    assert invoice.billing_reason == "subscription_create"
    assert "charge" not in invoice and "subscription" not in invoice


def test_the_order_in_which_it_is_told(shop):
    shop.subscribe(shop.customer())
    told = shop.told()[shop.told().index("invoice.created") :]
    assert [kind for kind in told if kind != "invoice.updated"] == [
        "invoice.created",
        "customer.subscription.created",
        "invoice.finalized",
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "invoice_payment.paid",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
    ]
    created, updated = shop.events("customer.subscription.created", "customer.subscription.updated")
    assert created.data.object["status"] == "incomplete"
    assert updated.data.previous_attributes.to_dict() == {"status": "incomplete"}


@pytest.mark.parametrize("quantity", [1, 3])
def test_tax_is_rounded_for_each_line(shop, quantity):
    """33 cents at 20 % are 6.6, rounded to 7, twice: 14, where the sum would give 13."""
    odd, other = shop.price("A", 33), shop.price("B", 33)
    items = [{"price": price.id, "quantity": quantity} for price in (odd, other)]
    subscription = shop.subscribe(shop.customer(), items=items, expand=["latest_invoice"])
    each = {1: 7, 3: 20}[quantity]
    assert subscription.latest_invoice.total == 2 * (33 * quantity + each)


def test_tax_inside_the_price(shop):
    rate = stripe.TaxRate.create(display_name="TVA", percentage=20, inclusive=True)
    subscription = shop.subscribe(shop.customer(), default_tax_rates=[rate.id], expand=["latest_invoice"])
    invoice = subscription.latest_invoice
    assert (invoice.total, invoice.total_excluding_tax, invoice.total_taxes[0].amount) == (14900, 12417, 2483)


@pytest.mark.parametrize(("exempt", "reason"), [("exempt", "customer_exempt"), ("reverse", "reverse_charge")])
def test_a_customer_who_owes_no_tax(shop, exempt, reason):
    subscription = shop.subscribe(shop.customer(tax_exempt=exempt), expand=["latest_invoice"])
    invoice = subscription.latest_invoice
    assert (invoice.total, invoice.total_taxes[0].amount) == (14900, 0)
    assert invoice.total_taxes[0].taxability_reason == reason


def test_nothing_to_pay_with(shop):
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        shop.subscribe(shop.customer(""))
    assert stripe.Subscription.list(status="all", test_clock=shop.clock.id).data == []


def test_a_refused_card_leaves_it_incomplete(shop):
    subscription = shop.subscribe(shop.customer("pm_card_chargeCustomerFail"), expand=["latest_invoice.payments"])
    assert (subscription.status, subscription.latest_invoice.status) == ("incomplete", "open")
    payment = subscription.latest_invoice.payments.data[0]
    paid = stripe.PaymentIntent.retrieve(payment.payment.payment_intent)
    assert (paid.status, paid.last_payment_error.decline_code) == ("requires_payment_method", "generic_decline")
    assert subscription.latest_invoice.next_payment_attempt is None
    stripe.PaymentIntent.confirm(paid.id, payment_method="pm_card_visa")
    assert again(subscription).status == "active"


def test_a_refused_card_can_undo_everything(shop):
    customer = shop.customer("pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError) as caught:
        shop.subscribe(customer, payment_behavior="error_if_incomplete")
    assert (caught.value.http_status, caught.value.code) == (402, "card_declined")
    assert invoices(customer) == []
    assert "customer.subscription.created" not in shop.told()


def test_an_incomplete_one_expires_after_23_hours(shop):
    subscription = shop.subscribe(shop.customer(""), payment_behavior="default_incomplete")
    assert subscription.status == "incomplete"
    shop.go_to(MARCH + 23 * 3600 - 1)
    assert again(subscription).status == "incomplete"
    shop.go_to(MARCH + 23 * 3600)
    over = again(subscription, expand=["latest_invoice"])
    assert (over.status, over.latest_invoice.status) == ("incomplete_expired", "void")


def test_authentication_by_the_secret_and_the_banks_page(shop):
    from tests.stripe_fake.shop import visit

    customer = shop.customer("pm_card_authenticationRequired")
    subscription = shop.subscribe(customer, expand=["latest_invoice.confirmation_secret", "latest_invoice.payments"])
    invoice = subscription.latest_invoice
    assert subscription.status == "incomplete"
    assert invoice.confirmation_secret.client_secret.startswith("pi_")
    paid = stripe.PaymentIntent.retrieve(invoice.payments.data[0].payment.payment_intent)
    assert paid.status == "requires_action"
    assert "invoice.payment_action_required" in shop.told()
    assert "Refuser" in visit(paid.next_action.redirect_to_url.url).text
    assert visit(paid.next_action.redirect_to_url.url, do="refuse").status == 200
    assert again(paid).last_payment_error.code == "payment_intent_authentication_failure"
    paid = stripe.PaymentIntent.confirm(paid.id, payment_method=_method(customer), return_url="http://shop.test/r")
    seen = visit(paid.next_action.redirect_to_url.url, do="grant")
    assert seen.location.startswith("http://shop.test/r?payment_intent=")
    assert again(subscription).status == "active"


def _method(customer):
    return again(customer).invoice_settings.default_payment_method


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


@pytest.mark.parametrize(("behaviour", "status"), [("cancel", "canceled"), ("pause", "paused")])
def test_a_trial_that_ends_without_a_card(shop, behaviour, status):
    settings = {"end_behavior": {"missing_payment_method": behaviour}}
    subscription = shop.subscribe(shop.customer(""), trial_period_days=14, trial_settings=settings)
    shop.go_to(MARCH + 20 * DAY)
    assert again(subscription).status == status


def test_a_paused_one_is_resumed(shop):
    customer = shop.customer("")
    settings = {"end_behavior": {"missing_payment_method": "pause"}}
    subscription = shop.subscribe(customer, trial_period_days=14, trial_settings=settings)
    shop.go_to(MARCH + 20 * DAY)
    method = stripe.PaymentMethod.attach("pm_card_visa", customer=customer.id)
    stripe.Customer.modify(customer.id, invoice_settings={"default_payment_method": method.id})
    assert stripe.Subscription.resume(subscription.id).status == "active"
    assert again(subscription)["items"].data[0].current_period_start == MARCH + 20 * DAY
    assert invoices(customer)[-1].amount_paid == 17880


def test_an_upgrade_in_the_middle_of_the_month(shop):
    """Half of 149 back, half of 349 charged: 100 euros, and 20 of VAT."""
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    _switch(subscription, shop.scale, proration_behavior="always_invoice")
    invoice = invoices(customer)[-1]
    assert amounts(invoice) == [-7450, 17450]
    assert (invoice.subtotal, invoice.total, invoice.status) == (10000, 12000, "paid")
    assert invoice.billing_reason == "subscription_update"
    credit = invoice.lines.data[0]
    assert (credit.period.start, credit.period.end) == (HALF, APRIL)
    details = credit.parent.subscription_item_details
    assert details.proration
    assert details.proration_details.credited_items.invoice == invoices(customer)[0].id


@pytest.mark.parametrize("seconds", [1, 864_001, 2_678_399])
def test_proration_is_exact_to_the_second(shop, seconds):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(MARCH + seconds)
    _switch(subscription, shop.scale, proration_behavior="always_invoice")
    left = Fraction(31 * DAY - seconds, 31 * DAY)

    def rounded(exact):
        return int(exact + Fraction(1, 2))

    assert amounts(invoices(customer)[-1]) == [-rounded(14900 * left), rounded(34900 * left)]


def test_prorations_wait_for_the_next_invoice(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    _switch(subscription, shop.scale)
    assert len(invoices(customer)) == 1
    assert [item.amount for item in stripe.InvoiceItem.list(customer=customer.id, pending=True).data] == [17450, -7450]
    shop.go_to(APRIL + 3600)
    assert amounts(invoices(customer)[-1]) == [-7450, 17450, 34900]


def test_no_proration(shop):
    customer = shop.customer()
    _switch(shop.subscribe(customer), shop.scale, proration_behavior="none")
    shop.go_to(APRIL + 3600)
    assert amounts(invoices(customer)[-1]) == [34900]


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


def test_the_last_item_stays(shop):
    subscription = shop.subscribe(shop.customer())
    item = subscription["items"].data[0].id
    with pytest.raises(stripe.InvalidRequestError, match="at least one active plan"):
        stripe.Subscription.modify(subscription.id, items=[{"id": item, "deleted": True}])
    assert again(subscription)["items"].data[0].id == item


def test_from_month_to_year_begins_anew(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    changed = _switch(subscription, shop.yearly)
    assert amounts(invoices(customer)[-1]) == [-7450, 149000]
    item = changed["items"].data[0]
    assert (item.current_period_start, item.current_period_end) == (HALF, HALF + 365 * DAY)
    assert changed.billing_cycle_anchor == HALF


def test_a_month_and_a_year_beside_each_other(shop):
    customer = shop.customer()
    shop.subscribe(customer, shop.yearly, shop.option)
    shop.go_to(APRIL + 3600)
    assert [amounts(invoice) for invoice in invoices(customer)] == [[149000, 9900], [9900]]


def test_the_31st_becomes_the_last_day(shop):
    january = 1769817600 + 12 * 3600  # 31 January 2026, 12:00 UTC
    shop.clock = stripe.test_helpers.TestClock.create(frozen_time=january)
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    ends = []
    for _month in range(3):
        ends.append(again(subscription)["items"].data[0].current_period_end)
        shop.go_to(ends[-1] + 3600)
    assert [(end - january) // DAY for end in ends] == [28, 59, 89]


def test_an_anchor_to_come_makes_a_first_part(shop):
    customer = shop.customer()
    shop.subscribe(customer, billing_cycle_anchor=MARCH + 14 * DAY)
    # From 15 February to 15 March are 28 days, of which 14 are left.
    assert amounts(invoices(customer)[0]) == [7450]
    shop.go_to(MARCH + 14 * DAY + 3600)
    assert amounts(invoices(customer)[1]) == [14900]


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


def test_a_preview_of_a_subscription_to_be(shop):
    preview = stripe.Invoice.create_preview(
        customer=shop.customer().id,
        subscription_details={"items": [{"price": shop.pro.id}], "default_tax_rates": [shop.rate.id]},
    )
    assert preview.total == 17880
    assert stripe.Subscription.list(status="all", test_clock=shop.clock.id).data == []


def test_the_end_at_the_end_of_the_period(shop):
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


def test_the_end_at_once_with_what_is_left_credited(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(HALF)
    stripe.Subscription.cancel(subscription.id, prorate=True, invoice_now=True)
    assert again(customer).balance == -8940
    with pytest.raises(stripe.InvalidRequestError) as caught:
        stripe.Subscription.cancel(subscription.id)
    assert caught.value.code == "resource_missing"


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


def test_a_coupon_for_once_in_euros(shop):
    coupon = stripe.Coupon.create(amount_off=2000, currency="eur", duration="once")
    customer = shop.customer()
    subscription = shop.subscribe(customer, shop.pro, shop.option, discounts=[{"coupon": coupon.id}])
    assert again(subscription).discounts == []
    shop.go_to(APRIL + 3600)
    assert [invoice.total for invoice in invoices(customer)] == [27360, 29760]


def test_a_proration_carries_the_percentage(shop):
    coupon = stripe.Coupon.create(percent_off=50, duration="forever")
    customer = shop.customer()
    subscription = shop.subscribe(customer, discounts=[{"coupon": coupon.id}])
    shop.go_to(HALF)
    _switch(subscription, shop.scale, proration_behavior="always_invoice")
    assert amounts(invoices(customer)[-1]) == [-3725, 8725]


def test_paid_by_transfer(shop):
    customer = shop.customer("")
    shop.subscribe(customer, collection_method="send_invoice", days_until_due=30)
    invoice = invoices(customer)[0]
    assert (invoice.status, invoice.due_date, invoice.attempted) == ("open", MARCH + 30 * DAY, False)
    assert stripe.Invoice.pay(invoice.id, paid_out_of_band=True).status == "paid"


def test_items_one_by_one(shop):
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
        _switch(subscription, shop.scale, proration_behavior="always_invoice", payment_behavior="error_if_incomplete")
    assert caught.value.code == "card_declined"
    assert again(subscription)["items"].data[0].price.id == shop.pro.id
    assert len(invoices(customer)) == 1


def test_what_is_not_simulated_says_so(shop):
    for given in ({"pause_collection": {"behavior": "void"}}, {"cancel_at": "max_billed_until"}):
        subscription = shop.subscribe(shop.customer())
        with pytest.raises(stripe.InvalidRequestError) as caught:
            stripe.Subscription.modify(subscription.id, **given)
        assert caught.value.code == "fake_not_simulated"


def test_a_trial_ended_by_hand_is_paid_at_once(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, trial_period_days=14)
    shop.go_to(MARCH + 2 * DAY)
    now = stripe.Subscription.modify(subscription.id, trial_end="now")
    assert (now.status, now.trial_end, now.billing_cycle_anchor) == ("active", MARCH + 2 * DAY, MARCH + 2 * DAY)
    assert [invoice.amount_paid for invoice in invoices(customer)] == [0, 17880]


def test_a_trial_made_longer(shop):
    subscription = shop.subscribe(shop.customer(), trial_period_days=14)
    later = stripe.Subscription.modify(subscription.id, trial_end=MARCH + 20 * DAY)
    assert (later.status, later["items"].data[0].current_period_end) == ("trialing", MARCH + 20 * DAY)
    shop.go_to(MARCH + 19 * DAY)
    assert again(subscription).status == "trialing"


def test_another_plan_within_a_trial_costs_nothing(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer, trial_period_days=14)
    _switch(subscription, shop.scale, proration_behavior="always_invoice")
    assert [invoice.total for invoice in invoices(customer)] == [0]
    shop.go_to(MARCH + 14 * DAY + 3600)
    assert invoices(customer)[-1].total == 41880


def test_a_new_anchor(shop):
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
    changed = _switch(subscription, shop.scale, proration_behavior="always_invoice")
    assert (changed.status, changed["items"].data[0].price.id) == ("past_due", shop.scale.id)
    assert again(changed, expand=["latest_invoice"]).latest_invoice.status == "open"
    shop.go_to(HALF + 3 * DAY)
    assert again(subscription).status == "active"


def test_a_date_to_prorate_from(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    _switch(subscription, shop.scale, proration_behavior="always_invoice", proration_date=HALF)
    assert amounts(invoices(customer)[-1]) == [-7450, 17450]


def test_a_day_to_end_on(shop):
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


def test_less_is_due_after_a_credit_note(shop):
    customer = shop.customer("")
    shop.subscribe(customer, collection_method="send_invoice", days_until_due=30)
    invoice = invoices(customer)[0]
    stripe.CreditNote.create(invoice=invoice.id, amount=7880)
    assert again(invoice).amount_remaining == 10000
    stripe.CreditNote.create(invoice=invoice.id, amount=10000)
    assert again(invoice).status == "paid"
