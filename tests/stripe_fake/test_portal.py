"""The billing portal, clicked through; and an invoice's own page."""

import re

import pytest
import stripe

from tests.stripe_fake.shop import DAY, MARCH, again, fields_of, invoices, visit

ALL = {
    "customer_update": {"enabled": True, "allowed_updates": ["name", "email", "address", "phone", "tax_id"]},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {
        "enabled": True,
        "mode": "at_period_end",
        "cancellation_reason": {"enabled": True, "options": ["too_expensive", "other"]},
    },
}


@pytest.fixture
def customer(shop):
    return shop.customer()


@pytest.fixture
def subscription(shop, customer):
    return shop.subscribe(customer)


def _open(shop, customer, **more):
    switch = {
        "enabled": True,
        "default_allowed_updates": ["price"],
        "proration_behavior": "always_invoice",
        "products": [
            {"product": shop.pro.product, "prices": [shop.pro.id]},
            {"product": shop.scale.product, "prices": [shop.scale.id]},
        ],
    }
    made = stripe.billing_portal.Configuration.create(features={**ALL, "subscription_update": switch})
    given = {"customer": customer.id, "configuration": made.id, "return_url": "http://shop.test/compte", **more}
    return stripe.billing_portal.Session.create(**given)


def test_the_page(shop, customer, subscription):
    page = visit(_open(shop, customer).url)
    for said in ("Stripe simulé", "Pro × 1", "Résilier", "Changer d’offre", "Moyen de paiement", "Numéro de TVA"):
        assert said in page.text
    assert invoices(customer)[0].number in page.text
    assert 'href="http://shop.test/compte"' in page.text
    assert "<script" not in page.text


def test_ending_and_going_on(shop, customer, subscription):
    portal = _open(shop, customer)
    seen = visit(portal.url, do="cancel", subscription=subscription.id, feedback="too_expensive")
    assert (seen.status, seen.location) == (303, portal.url)
    ending = again(subscription)
    assert ending.cancel_at_period_end
    assert ending.cancellation_details.feedback == "too_expensive"
    assert "Ne pas résilier" in visit(portal.url).text
    visit(portal.url, do="resume", subscription=subscription.id)
    assert not again(subscription).cancel_at_period_end


def test_another_card(shop, customer, subscription):
    portal = _open(shop, customer)
    refused = visit(portal.url, do="method", method="card", number="4000 0000 0000 0002")
    assert "refusée" in refused.text
    visit(portal.url, do="method", method="card", number="5555 5555 5555 4444")
    method = again(customer, expand=["invoice_settings.default_payment_method"]).invoice_settings
    assert method.default_payment_method.card.brand == "mastercard"


def test_another_card_that_the_bank_asks_about(shop, customer, subscription):
    portal = _open(shop, customer)
    asked = visit(portal.url, do="method", method="card", number="4000 0025 0000 3155")
    visit(asked.location, do="grant")
    opened = again(customer, expand=["invoice_settings.default_payment_method"])
    assert opened.invoice_settings.default_payment_method.card.last4 == "3155"
    shop.go_to(MARCH + 32 * DAY)
    assert again(subscription).status == "active"


def test_details_and_vat_number(shop, customer, subscription):
    portal = _open(shop, customer)
    assert "n’est pas valable" in visit(portal.url, do="details", tax_id="X").text
    given = {"name": "Autre", "email": "b@c.test", "country": "BE", "city": "Liège", "tax_id": "BE0123456749"}
    visit(portal.url, do="details", **given)
    kept = again(customer, expand=["tax_ids"])
    assert (kept.name, kept.email, kept.address.city) == ("Autre", "b@c.test", "Liège")
    assert [number.value for number in kept.tax_ids.data] == ["BE0123456749"]


def test_another_plan(shop, customer, subscription):
    portal = _open(shop, customer)
    shop.go_to(MARCH + 31 * DAY // 2)
    item = subscription["items"].data[0].id
    shown = visit(portal.url)
    assert shown.status == 410, "a link holds for an hour"
    portal = _open(shop, customer)
    visit(portal.url, do="switch", subscription=subscription.id, item=item, price=shop.scale.id)
    assert again(subscription)["items"].data[0].price.id == shop.scale.id
    assert invoices(customer)[-1].total == 12000
    seen = visit(portal.url, do="switch", subscription=subscription.id, item=item, price=shop.starter.id)
    assert "pas proposée" in seen.text


def test_straight_to_one_part_and_back(shop, customer, subscription):
    after = {"type": "redirect", "redirect": {"return_url": "http://shop.test/fini"}}
    flow = {
        "type": "subscription_cancel",
        "subscription_cancel": {"subscription": subscription.id},
        "after_completion": after,
    }
    portal = _open(shop, customer, flow_data=flow)
    page = visit(portal.url)
    assert "Résilier" in page.text
    assert "number" not in fields_of(page.text)
    seen = visit(portal.url, do="cancel", subscription=subscription.id)
    assert seen.location == "http://shop.test/fini"


def test_confirming_a_change(shop, customer, subscription):
    item = {"id": subscription["items"].data[0].id, "price": shop.scale.id, "quantity": 2}
    flow = {
        "type": "subscription_update_confirm",
        "subscription_update_confirm": {"subscription": subscription.id, "items": [item]},
    }
    portal = _open(shop, customer, flow_data=flow)
    assert "Confirmer le changement" in visit(portal.url).text
    visit(portal.url, do="switch", subscription=subscription.id)
    kept = again(subscription)["items"].data[0]
    assert (kept.price.id, kept.quantity) == (shop.scale.id, 2)


def test_what_is_off_is_refused(shop, customer, subscription):
    made = stripe.billing_portal.Configuration.create(features={"invoice_history": {"enabled": True}})
    portal = stripe.billing_portal.Session.create(customer=customer.id, configuration=made.id)
    assert "Résilier" not in visit(portal.url).text
    assert visit(portal.url, do="cancel", subscription=subscription.id).status == 400
    assert not again(subscription).cancel_at_period_end


def test_nobody_ends_what_is_not_theirs(shop, customer, subscription):
    other = _open(shop, shop.customer())
    visit(other.url, do="cancel", subscription=subscription.id)
    assert not again(subscription).cancel_at_period_end


def test_an_invoice_is_paid_on_its_page(shop):
    customer = shop.customer("pm_card_chargeCustomerFail")
    subscription = shop.subscribe(customer)
    invoice = invoices(customer)[0]
    assert "À payer" in visit(invoice.hosted_invoice_url).text
    refused = visit(invoice.hosted_invoice_url, method="card", number="4000 0000 0000 0002")
    assert "refusée" in refused.text
    assert visit(invoice.hosted_invoice_url, method="card", number="4242 4242 4242 4242").status == 303
    assert again(subscription).status == "active"
    assert "Payée" in visit(invoice.hosted_invoice_url).text
    assert visit(invoice.invoice_pdf).text.startswith("%PDF-1.4")


def test_the_overview_lets_time_pass(shop):
    session = shop.session()
    url = f"{shop.fake.url}/_fake/"
    assert "Le temps" in visit(url).text
    assert visit(url, advance="31").status == 303
    assert again(session).created == session.created - 31 * DAY
    visit(url, next="insufficient_funds")
    assert shop.fake.get("payments") == {"next": ["insufficient_funds"]}
    assert re.search(r'value="insufficient_funds" selected', visit(url).text)
