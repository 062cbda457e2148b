"""What time does: renewals, refused cards and their retries, debits that take days."""

import pytest
import stripe

from tests.stripe_fake.shop import APRIL, DAY, MARCH, again, amounts, invoices, visit

DUE = APRIL + 3600


def _last(customer):
    return invoices(customer)[-1]


def test_a_renewal_is_a_draft_for_an_hour(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.go_to(APRIL - 1)
    assert len(invoices(customer)) == 1
    shop.go_to(APRIL)
    assert (_last(customer).status, _last(customer).automatically_finalizes_at) == ("draft", DUE)
    assert again(subscription)["items"].data[0].current_period_start == APRIL
    assert again(subscription).latest_invoice == _last(customer).id
    shop.go_to(DUE)
    assert (_last(customer).status, _last(customer).billing_reason) == ("paid", "subscription_cycle")
    assert (_last(customer).period_start, _last(customer).period_end) == (MARCH, APRIL)
    assert _last(customer).number.endswith("-0002")


def test_the_hour_can_be_set(shop):
    shop.fake.post("settings", finalisation_seconds=0)
    customer = shop.customer()
    shop.subscribe(customer)
    shop.go_to(APRIL)
    assert _last(customer).status == "paid"


def test_a_renewal_is_announced(shop):
    shop.subscribe(shop.customer())
    shop.go_to(APRIL - 7 * DAY)
    announced = shop.events("invoice.upcoming")[0].data.object
    assert announced["total"] == 17880
    assert shop.told("invoice.upcoming", "invoice.created") == ["invoice.created", "invoice.upcoming"]


def test_a_year_in_one_go(shop):
    customer = shop.customer()
    shop.subscribe(customer)
    shop.go_to(MARCH + 365 * DAY + 3600)
    made = invoices(customer)
    assert [invoice.status for invoice in made] == ["paid"] * 13
    starts = [invoice.lines.data[0].period.start for invoice in made]
    assert starts == sorted(set(starts))


def _late(shop, *outcomes, **settings):
    """A subscription whose renewal is refused."""
    if settings:
        shop.fake.post("settings", **settings)
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    shop.fake.next_payments(*outcomes)
    shop.go_to(DUE)
    return customer, subscription


def test_a_refused_renewal_is_tried_again(shop):
    customer, subscription = _late(shop, "insufficient_funds", "insufficient_funds", "ok")
    assert again(subscription).status == "past_due"
    assert again(customer).delinquent
    late = _last(customer)
    assert (late.status, late.attempt_count, late.next_payment_attempt) == ("open", 1, DUE + 3 * DAY)
    shop.go_to(DUE + 3 * DAY)
    assert (_last(customer).attempt_count, _last(customer).next_payment_attempt) == (2, DUE + 5 * DAY)
    shop.go_to(DUE + 5 * DAY)
    assert (_last(customer).status, again(subscription).status) == ("paid", "active")
    assert not again(customer).delinquent
    assert len(shop.told("invoice.payment_failed")) == 2


@pytest.mark.parametrize("end", ["unpaid", "canceled", "past_due"])
def test_the_end_of_patience(shop, end):
    customer, subscription = _late(shop, *["generic_decline"] * 4, dunning_end=end)
    shop.go_to(DUE + 7 * DAY - 1)
    assert again(subscription).status == "past_due"
    shop.go_to(DUE + 7 * DAY)
    assert again(subscription).status == end
    assert (_last(customer).attempt_count, _last(customer).next_payment_attempt) == (4, None)
    reason = again(subscription).cancellation_details.reason
    assert reason == ("payment_failed" if end == "canceled" else None)


def test_other_days_for_retries(shop):
    _customer, subscription = _late(shop, "generic_decline", "generic_decline", retry_days=[1])
    shop.go_to(DUE + DAY)
    assert again(subscription).status == "unpaid"


def test_paying_brings_an_unpaid_one_back(shop):
    customer, subscription = _late(shop, *["generic_decline"] * 4)
    shop.go_to(DUE + 8 * DAY)
    assert again(subscription).status == "unpaid"
    paid = stripe.Invoice.pay(_last(customer).id, payment_method="pm_card_visa")
    assert (paid.status, again(subscription).status) == ("paid", "active")


def test_an_unpaid_one_makes_drafts_only(shop):
    customer, _subscription = _late(shop, *["generic_decline"] * 4)
    shop.go_to(MARCH + 70 * DAY)
    assert [invoice.status for invoice in invoices(customer)] == ["paid", "open", "draft"]


def test_the_card_that_works_only_once(shop):
    """4000 0000 0000 0341 on the checkout page is attached; what it is charged then fails."""
    session = shop.session(
        customer=shop.customer("").id, subscription_data={"trial_period_days": 5}, customer_update={"name": "auto"}
    )
    from tests.stripe_fake.shop import PERSON

    assert visit(session.url, do="pay", **{**PERSON, "number": "4000 0000 0000 0341"}).status == 303
    subscription = again(session, expand=["subscription"]).subscription
    assert subscription.status == "trialing"
    shop.go_to(MARCH + 5 * DAY + 3600)
    assert again(subscription).status == "past_due"


def test_a_renewal_that_must_be_authenticated(shop):
    customer, subscription = _late(shop, "authenticate")
    assert again(subscription).status == "past_due"
    assert "invoice.payment_action_required" in shop.told()
    payment = stripe.Invoice.retrieve(_last(customer).id, expand=["payments"]).payments.data[0]
    paid = stripe.PaymentIntent.retrieve(payment.payment.payment_intent)
    visit(paid.next_action.redirect_to_url.url, do="grant")
    assert (again(subscription).status, _last(customer).status) == ("active", "paid")


@pytest.mark.parametrize(
    ("iban", "status", "paid"),
    [("FR1420041010050500013M02606", "active", True), ("DE62370400440532013001", "past_due", False)],
)
def test_a_debit_takes_days(shop, iban, status, paid):
    customer = shop.customer("")
    method = stripe.PaymentMethod.create(type="sepa_debit", sepa_debit={"iban": iban})
    stripe.PaymentMethod.attach(method.id, customer=customer.id)
    subscription = shop.subscribe(customer, default_payment_method=method.id, expand=["latest_invoice.payments"])
    assert (subscription.status, subscription.latest_invoice.status) == ("active", "open")
    intent = subscription.latest_invoice.payments.data[0].payment.payment_intent
    assert stripe.PaymentIntent.retrieve(intent).status == "processing"
    shop.go_to(MARCH + 5 * DAY - 1)
    assert _last(customer).status == "open"
    shop.go_to(MARCH + 5 * DAY)
    assert again(subscription).status == status
    assert _last(customer).status == ("paid" if paid else "open")
    assert ("charge.succeeded" in shop.told(), "charge.failed" in shop.told()) == (paid, not paid)


def test_those_without_a_clock_live_in_their_own_time(shop):
    customer = stripe.Customer.create(email="a@b.test")
    method = stripe.PaymentMethod.attach("pm_card_visa", customer=customer.id)
    subscription = shop.subscribe(customer, default_payment_method=method.id)
    beside = shop.subscribe(shop.customer())
    now = shop.fake.advance(days=32)
    assert [invoice.status for invoice in invoices(customer)] == ["paid", "paid"]
    assert subscription.created < now - 31 * DAY
    assert again(beside)["items"].data[0].current_period_end == APRIL


def test_a_clock_does_not_go_back(shop):
    with pytest.raises(stripe.InvalidRequestError):
        shop.go_to(MARCH - 1)


def test_a_month_passes_and_it_is_now(shop):
    customer = stripe.Customer.create(email="achats@client.test", name="Client SARL")
    method = stripe.PaymentMethod.attach("pm_card_visa", customer=customer.id)
    stripe.Customer.modify(customer.id, invoice_settings={"default_payment_method": method.id})
    one = stripe.Subscription.create(customer=customer.id, items=[{"price": shop.pro.id}])
    began, end = one.start_date, one["items"].data[0].current_period_end
    before = shop.fake.get("clock")["now"]
    shop.fake.age(40)
    assert shop.fake.get("clock")["now"] - before < 60
    there = again(one)
    assert there.start_date == began - 40 * DAY
    assert there["items"].data[0].current_period_start == end - 40 * DAY
    paid = invoices(customer)
    assert [invoice.status for invoice in paid] == ["paid", "paid"]
    assert paid[1].status_transitions.paid_at < before
    assert max(event.created for event in stripe.Event.list(limit=100).data) <= before + 60


def test_months_pass_and_periods_keep_their_length(shop):
    customer = stripe.Customer.create(email="achats@client.test", name="Client SARL")
    method = stripe.PaymentMethod.attach("pm_card_visa", customer=customer.id)
    stripe.Customer.modify(customer.id, invoice_settings={"default_payment_method": method.id})
    items = [{"price": shop.yearly.id}, {"price": shop.option.id}]
    stripe.Subscription.create(customer=customer.id, items=items, billing_mode={"type": "flexible"})
    for _month in range(14):
        shop.fake.age(31)
    yearly = [one for one in invoices(customer) if 149000 in amounts(one)]
    monthly = [one for one in invoices(customer) if 9900 in amounts(one)]
    assert len(yearly) == 2
    assert len(monthly) in (14, 15, 16), "a month is a month, give or take what calendars do"
