"""Each endpoint of the table is asked at least once by the real SDK, and answers what its classes know."""

import re

import pytest
import stripe

from fakes.stripe.resources.table import ROUTES
from tests.stripe_fake.shop import MARCH, PERSON, again, visit

ASKED: list[dict[str, str]] = []


@pytest.fixture(autouse=True)
def asked(fake):
    yield
    ASKED.extend(fake.get("calls"))


def test_the_catalogue(shop):
    product = stripe.Product.create(id="prod_x", name="X", metadata={"a": "1"}, images=["https://x.test/i.png"])
    stripe.Product.modify("prod_x", description="Y", metadata={"b": "2"})
    assert again(product).metadata.to_dict() == {"a": "1", "b": "2"}
    stripe.Product.list(active=True, ids=["prod_x"])
    stripe.Product.list_features("prod_x")
    stripe.Product.delete("prod_x")
    stripe.Price.modify(shop.pro.id, nickname="Pro, au mois")
    assert again(shop.pro, expand=["product", "currency_options", "tiers"]).product.name == "Pro"
    stripe.Price.list(active=True, type="recurring", recurring={"interval": "year"})
    stripe.Plan.retrieve(shop.pro.id)
    stripe.TaxRate.modify(shop.rate.id, description="Taux normal")
    stripe.TaxRate.retrieve(shop.rate.id)
    stripe.TaxRate.list(active=True, inclusive=False)


def test_coupons(shop):
    coupon = stripe.Coupon.create(percent_off=10, duration="repeating", duration_in_months=3, name="Été")
    stripe.Coupon.modify(coupon.id, name="Hiver")
    again(coupon, expand=["applies_to"])
    code = stripe.PromotionCode.create(promotion={"type": "coupon", "coupon": coupon.id}, code="HIVER")
    stripe.PromotionCode.modify(code.id, active=False)
    assert again(code, expand=["promotion.coupon"]).promotion.coupon.name == "Hiver"
    stripe.PromotionCode.list(code="HIVER", coupon=coupon.id)
    stripe.Coupon.list()
    stripe.Coupon.delete(coupon.id)


def test_customers(shop):
    customer = shop.customer()
    stripe.Customer.list(test_clock=shop.clock.id)
    stripe.Customer.search(query="email:'achats@client.test'")
    tax_id = stripe.Customer.create_tax_id(customer.id, type="eu_vat", value="FR40303265045")
    stripe.Customer.list_tax_ids(customer.id)
    stripe.Customer.retrieve_tax_id(customer.id, tax_id.id)
    stripe.TaxId.retrieve(tax_id.id)
    opened = again(customer, expand=["tax_ids", "subscriptions", "sources", "invoice_settings.default_payment_method"])
    assert opened.invoice_settings.default_payment_method.card.last4 == "4242"
    stripe.Customer.delete_tax_id(customer.id, tax_id.id)
    moved = stripe.Customer.create_balance_transaction(customer.id, amount=-500, currency="eur")
    stripe.Customer.list_balance_transactions(customer.id)
    stripe.Customer.retrieve_balance_transaction(customer.id, moved.id)
    stripe.Customer.list_sources(customer.id, object="card")
    method = stripe.Customer.list_payment_methods(customer.id).data[0]
    stripe.Customer.retrieve_payment_method(customer.id, method.id)
    with pytest.raises(stripe.InvalidRequestError):
        stripe.Customer.delete_discount(customer.id)
    assert stripe.Customer.delete(customer.id).deleted
    assert again(customer).deleted


def test_payment_methods(shop):
    customer = shop.customer("")
    iban = {"iban": "FR1420041010050500013M02606"}
    made = stripe.PaymentMethod.create(type="sepa_debit", sepa_debit=iban, billing_details={"name": "A"})
    stripe.PaymentMethod.attach(made.id, customer=customer.id)
    stripe.PaymentMethod.modify(made.id, billing_details={"email": "a@b.test"})
    assert stripe.PaymentMethod.list(customer=customer.id, type="sepa_debit").data[0].sepa_debit.last4 == "2606"
    assert stripe.PaymentMethod.detach(made.id).customer is None
    again(made)


def test_subscriptions_and_their_items(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    stripe.Subscription.list(customer=customer.id, price=shop.pro.id, status="all")
    again(subscription, expand=["items.data.price.product", "latest_invoice.payments", "customer", "default_tax_rates"])
    item = stripe.SubscriptionItem.create(subscription=subscription.id, price=shop.option.id)
    stripe.SubscriptionItem.modify(item.id, quantity=2)
    again(item)
    stripe.SubscriptionItem.list(subscription=subscription.id)
    stripe.SubscriptionItem.delete(item.id)
    stripe.Subscription.modify(subscription.id, description="Contrat 12")
    with pytest.raises(stripe.InvalidRequestError):
        stripe.Subscription.resume(subscription.id)
    assert stripe.Subscription.cancel(subscription.id, prorate=True, invoice_now=True).status == "canceled"


def test_invoices(shop):
    customer = shop.customer()
    item = stripe.InvoiceItem.create(customer=customer.id, amount=1000, currency="eur", tax_rates=[shop.rate.id])
    stripe.InvoiceItem.modify(item.id, description="Mise en route")
    again(item)
    stripe.InvoiceItem.list(customer=customer.id, pending=True)
    draft = stripe.Invoice.create(customer=customer.id, pending_invoice_items_behavior="include")
    assert draft.total == 1200
    stripe.Invoice.modify(draft.id, footer="Merci")
    assert stripe.Invoice.finalize_invoice(draft.id).status == "open"
    opened = again(draft, expand=["payments.data.payment.payment_intent", "confirmation_secret"])
    assert opened.payments.data[0].payment.payment_intent.status == "requires_payment_method"
    paid = stripe.Invoice.pay(draft.id)
    assert (paid.status, paid.amount_paid) == ("paid", 1200)
    stripe.Invoice.list(customer=customer.id, status="paid")
    stripe.Invoice.list_lines(draft.id)
    payment = stripe.InvoicePayment.list(invoice=draft.id).data[0]
    again(payment)
    note = stripe.CreditNote.create(invoice=draft.id, amount=600, refund_amount=600, reason="order_change")
    stripe.CreditNote.modify(note.id, memo="Geste")
    assert (again(note).subtotal, note.total, again(draft).post_payment_credit_notes_amount) == (500, 600, 600)
    stripe.CreditNote.list(invoice=draft.id)
    assert visit(f"{shop.fake.url}/i/{draft.id}/pdf").text.startswith("%PDF")


def test_what_ends_an_invoice_otherwise(shop):
    customer = shop.customer()
    made = []
    for _ in range(4):
        stripe.InvoiceItem.create(customer=customer.id, amount=1000, currency="eur")
        made.append(stripe.Invoice.create(customer=customer.id, pending_invoice_items_behavior="include").id)
    stripe.Invoice.send_invoice(made[0])
    assert stripe.Invoice.void_invoice(made[0]).status == "void"
    stripe.Invoice.finalize_invoice(made[1])
    assert stripe.Invoice.mark_uncollectible(made[1]).status == "uncollectible"
    assert stripe.Invoice.pay(made[2], paid_out_of_band=True).amount_paid == 0
    assert stripe.Invoice.delete(made[3]).deleted
    loose = stripe.InvoiceItem.list(customer=customer.id, pending=True).data[0]
    stripe.InvoiceItem.delete(loose.id)


def test_payments_by_hand(shop):
    customer = shop.customer()
    made = stripe.PaymentIntent.create(amount=2000, currency="eur", customer=customer.id)
    stripe.PaymentIntent.modify(made.id, description="À la main")
    paid = stripe.PaymentIntent.confirm(made.id, payment_method="pm_card_visa")
    assert paid.status == "succeeded"
    charge = stripe.Charge.retrieve(paid.latest_charge, expand=["balance_transaction", "refunds"])
    stripe.Charge.list(payment_intent=made.id)
    refund = stripe.Refund.create(charge=charge.id, amount=500)
    stripe.Refund.modify(refund.id, metadata={"why": "x"})
    again(refund)
    stripe.Refund.list(charge=charge.id)
    stripe.BalanceTransaction.list(type="charge")
    stripe.BalanceTransaction.retrieve(charge.balance_transaction.id)
    assert stripe.Balance.retrieve().pending[0].amount == 2000 - 55 - 500
    other = stripe.PaymentIntent.create(amount=2000, currency="eur")
    assert stripe.PaymentIntent.cancel(other.id).status == "canceled"
    stripe.PaymentIntent.list(customer=customer.id)
    again(made)


def test_setups(shop):
    customer = shop.customer("")
    made = stripe.SetupIntent.create(customer=customer.id, payment_method="pm_card_visa")
    assert stripe.SetupIntent.confirm(made.id).status == "succeeded"
    stripe.SetupIntent.list(customer=customer.id)
    again(made)
    assert stripe.SetupIntent.cancel(stripe.SetupIntent.create().id).status == "canceled"


def test_checkout_and_portal(shop):
    session = shop.session(expand=["line_items"])
    assert session.line_items.data[0].amount_total == 17880
    stripe.checkout.Session.list_line_items(session.id)
    assert visit(session.url, do="pay", **PERSON).status == 303
    done = again(session, expand=["subscription", "invoice", "total_details.breakdown"])
    stripe.checkout.Session.list(customer=done.customer)
    assert stripe.checkout.Session.expire(shop.session().id).status == "expired"
    made = stripe.billing_portal.Configuration.create(features={"invoice_history": {"enabled": True}})
    stripe.billing_portal.Configuration.modify(made.id, default_return_url="http://shop.test/")
    again(made)
    stripe.billing_portal.Configuration.list(is_default=False)
    opened = stripe.billing_portal.Session.create(customer=done.customer, configuration=made.id)
    assert opened.return_url == "http://shop.test/"


def test_the_rest(shop):
    customer = shop.customer()
    subscription = shop.subscribe(customer)
    assert stripe.Invoice.create_preview(subscription=subscription.id).total == 17880
    account = stripe.Account.retrieve()
    stripe.Account.retrieve(account.id)
    event = stripe.Event.list(type="customer.created").data[0]
    again(event)
    endpoint = stripe.WebhookEndpoint.create(
        url="http://127.0.0.1:9/x", enabled_events=["invoice.paid"], metadata={"a": "1"}
    )
    assert endpoint.secret.startswith("whsec_")
    stripe.WebhookEndpoint.modify(endpoint.id, disabled=True)
    assert "secret" not in again(endpoint)
    stripe.WebhookEndpoint.list()
    stripe.WebhookEndpoint.delete(endpoint.id)
    stripe.test_helpers.TestClock.list()
    shop.go_to(MARCH + 60)
    assert again(shop.clock).frozen_time == MARCH + 60
    stripe.test_helpers.TestClock.delete(shop.clock.id)
    with pytest.raises(stripe.InvalidRequestError):
        again(subscription)


def test_no_endpoint_was_left_out():
    """Runs last here; alone it has nothing to look at."""
    if len({call["path"] for call in ASKED}) < 50:
        pytest.skip("the other tests of this module did not run")

    def was_asked(route):
        return any(call["method"] == route.method and re.match(route.pattern, call["path"]) for call in ASKED)

    assert [f"{route.method} {route.path}" for route in ROUTES if not was_asked(route)] == []
