"""How subscriptions begin, and what the first period costs. Amounts are worked out by hand."""

import pytest
import stripe

from tests.stripe_fake.shop import APRIL, DAY, MARCH, again, amounts, invoices


@pytest.mark.on_stripe
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


def test_a_first_payment_tells_its_events_in_order(shop):
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


@pytest.mark.on_stripe
@pytest.mark.parametrize("quantity", [1, 3])
def test_tax_is_rounded_for_each_line(shop, quantity):
    """33 cents at 20 % are 6.6, rounded to 7, twice: 14, where the sum would give 13."""
    odd, other = shop.price("A", 33), shop.price("B", 33)
    items = [{"price": price.id, "quantity": quantity} for price in (odd, other)]
    subscription = shop.subscribe(shop.customer(), items=items, expand=["latest_invoice"])
    each = {1: 7, 3: 20}[quantity]
    assert subscription.latest_invoice.total == 2 * (33 * quantity + each)


@pytest.mark.on_stripe
def test_tax_inside_the_price(shop):
    rate = stripe.TaxRate.create(display_name="TVA", percentage=20, inclusive=True)
    subscription = shop.subscribe(shop.customer(), default_tax_rates=[rate.id], expand=["latest_invoice"])
    invoice = subscription.latest_invoice
    assert (invoice.total, invoice.total_excluding_tax, invoice.total_taxes[0].amount) == (14900, 12417, 2483)


@pytest.mark.on_stripe
@pytest.mark.parametrize(("exempt", "reason"), [("exempt", "customer_exempt"), ("reverse", "reverse_charge")])
def test_a_customer_who_owes_no_tax(shop, exempt, reason):
    subscription = shop.subscribe(shop.customer(tax_exempt=exempt), expand=["latest_invoice"])
    invoice = subscription.latest_invoice
    assert (invoice.total, invoice.total_taxes[0].amount) == (14900, 0)
    assert invoice.total_taxes[0].taxability_reason == reason


@pytest.mark.on_stripe
def test_a_customer_without_a_card_has_an_incomplete_subscription(shop):
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        shop.subscribe(shop.customer(""))
    assert stripe.Subscription.list(status="all", test_clock=shop.clock.id).data == []


@pytest.mark.on_stripe
def test_a_refused_card_leaves_it_incomplete(shop):
    subscription = shop.subscribe(shop.customer("pm_card_chargeCustomerFail"), expand=["latest_invoice.payments"])
    assert (subscription.status, subscription.latest_invoice.status) == ("incomplete", "open")
    payment = subscription.latest_invoice.payments.data[0]
    paid = stripe.PaymentIntent.retrieve(payment.payment.payment_intent)
    assert (paid.status, paid.last_payment_error.decline_code) == ("requires_payment_method", "generic_decline")
    assert subscription.latest_invoice.next_payment_attempt is None
    stripe.PaymentIntent.confirm(paid.id, payment_method="pm_card_visa")
    assert again(subscription).status == "active"


def test_a_refused_card_makes_no_subscription_where_errors_are_asked_for(shop):
    customer = shop.customer("pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError) as caught:
        shop.subscribe(customer, payment_behavior="error_if_incomplete")
    assert (caught.value.http_status, caught.value.code) == (402, "card_declined")
    assert invoices(customer) == []
    assert "customer.subscription.created" not in shop.told()


@pytest.mark.on_stripe
def test_an_incomplete_subscription_expires_after_23_hours(shop):
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


@pytest.mark.on_stripe
def test_the_31st_becomes_the_last_day(shop):
    january = 1769817600 + 12 * 3600  # 31 January 2026, 12:00 UTC
    shop.clock = shop.clock_at(january)
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    ends = []
    for _month in range(3):
        ends.append(again(subscription)["items"].data[0].current_period_end)
        shop.go_to(ends[-1] + 3600)
    assert [(end - january) // DAY for end in ends] == [28, 59, 89]


@pytest.mark.on_stripe
def test_an_anchor_to_come_makes_a_first_part(shop):
    customer = shop.customer()
    shop.subscribe(customer, billing_cycle_anchor=MARCH + 14 * DAY)
    # From 15 February to 15 March are 28 days, of which 14 are left.
    assert amounts(invoices(customer)[0]) == [7450]
    shop.go_to(MARCH + 14 * DAY + 3600)
    assert amounts(invoices(customer)[1]) == [14900]


@pytest.mark.on_stripe
def test_an_invoice_paid_by_transfer_is_open_until_marked_paid(shop):
    customer = shop.customer("")
    shop.subscribe(customer, collection_method="send_invoice", days_until_due=30)
    invoice = invoices(customer)[0]
    assert (invoice.status, invoice.due_date, invoice.attempted) == ("open", MARCH + 30 * DAY, False)
    assert stripe.Invoice.pay(invoice.id, paid_out_of_band=True).status == "paid"
