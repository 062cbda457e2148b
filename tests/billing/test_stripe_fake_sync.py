"""dj-stripe takes over whatever the fake says: by object, by id, by webhook."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import stripe
from django.test import RequestFactory
from djstripe import models
from djstripe.settings import djstripe_settings

from fakes.stripe.server import KEY, Handle, start
from tenants.context import public_context
from tests.stripe_fake.shop import MARCH, PERSON, Shop, again, visit


@pytest.fixture(scope="module")
def server() -> Iterator[Handle]:
    handle = start()
    yield handle
    handle.stop()


@pytest.fixture(autouse=True)
def shop(server: Handle, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Shop]:
    server.reset()
    settings.STRIPE_TEST_SECRET_KEY, settings.STRIPE_LIVE_MODE = KEY, False
    # dj-stripe's own handlers are what is tried here, in the request.
    settings.DJSTRIPE_WEBHOOK_EVENT_CALLBACK = None
    monkeypatch.setattr(stripe, "api_base", server.url)
    monkeypatch.setattr(stripe, "api_key", KEY)
    with public_context():
        models.APIKey.objects.get_or_create_by_api_key(KEY)
        yield Shop(server)
    assert server.violations() == []


def _synced(model: Any, thing: Any) -> Any:
    return model.sync_from_stripe_data(thing, api_key=KEY)


def test_the_catalogue(shop: Shop) -> None:
    price = _synced(models.Price, again(shop.pro, expand=["product", "currency_options", "tiers"]))
    assert price.product.name == "Pro"
    assert models.Product.objects.get(id=shop.pro.product).djstripe_owner_account.id.startswith("acct_")
    assert _synced(models.TaxRate, shop.rate).display_name == "TVA"
    coupon = stripe.Coupon.create(percent_off=10, duration="once")
    code = stripe.PromotionCode.create(promotion={"type": "coupon", "coupon": coupon.id})
    assert _synced(models.Coupon, coupon).id == coupon.id
    assert _synced(models.PromotionCode, code).code == code.code


def test_a_subscription_and_all_it_leads_to(shop: Shop) -> None:
    customer = shop.customer()
    coupon = stripe.Coupon.create(percent_off=10, duration="forever")
    made = shop.subscribe(customer, shop.pro, shop.option, discounts=[{"coupon": coupon.id}])
    kept = _synced(models.Subscription, again(made))
    assert (kept.status, kept.customer.id) == ("active", customer.id)
    assert [item.price.id for item in kept.items.order_by("djstripe_id")] == [shop.pro.id, shop.option.id]
    period = kept.items.first().stripe_data["current_period_end"]
    assert period == MARCH + 31 * 86400
    invoice = _synced(models.Invoice, again(stripe.Invoice.retrieve(made.latest_invoice), expand=["discounts"]))
    assert (invoice.status, invoice.total) == ("paid", 24800 * 9 // 10 * 12 // 10)


def test_payments(shop: Shop) -> None:
    customer = shop.customer()
    shop.subscribe(customer)
    paid = stripe.PaymentIntent.list(customer=customer.id).data[0]
    assert _synced(models.PaymentIntent, paid).stripe_data["status"] == "succeeded"
    charge = stripe.Charge.retrieve(paid.latest_charge, expand=["balance_transaction"])
    assert _synced(models.Charge, charge).balance_transaction.stripe_data["fee"] == 17880 * 15 // 1000 + 25
    method = stripe.PaymentMethod.retrieve(paid.payment_method)
    assert _synced(models.PaymentMethod, method).stripe_data["type"] == "card"
    refund = stripe.Refund.create(charge=charge.id, amount=100)
    assert _synced(models.Refund, refund).stripe_data["amount"] == 100
    setup = stripe.SetupIntent.create(customer=customer.id)
    assert _synced(models.SetupIntent, setup).stripe_data["status"] == "requires_payment_method"
    number = stripe.Customer.create_tax_id(customer.id, type="eu_vat", value="FR40303265045")
    assert _synced(models.TaxId, number).stripe_data["value"] == "FR40303265045"


def test_everything_at_once_by_its_id(shop: Shop) -> None:
    """As a webhook's handler does: only the id is known, the rest is asked for."""
    customer = shop.customer()
    made = shop.subscribe(customer)
    invoice = models.Invoice._get_or_retrieve(made.latest_invoice, api_key=KEY)
    assert invoice.customer.id == customer.id
    assert models.Customer.objects.get(id=customer.id).email == "achats@client.test"
    assert models.Subscription._get_or_retrieve(made.id, api_key=KEY).status == "active"


def test_lists(shop: Shop) -> None:
    shop.subscribe(shop.customer())
    for model in (models.Price, models.Product, models.Charge, models.Invoice, models.PaymentIntent, models.Coupon):
        for found in model.api_list(api_key=KEY):
            _synced(model, found)
    assert models.Price.objects.count() == 5


def test_a_checkout_through_webhooks(shop: Shop) -> None:
    """Each event of a purchase passes dj-stripe's own verification and handlers."""
    endpoint = _endpoint(shop)
    shop.fake.hold()
    session = shop.session()
    visit(session.url, do="pay", **PERSON)
    sent = shop.fake.take()
    assert "checkout.session.completed" in [one["type"] for one in sent]
    for one in sent:
        trigger = _receive(endpoint, one["body"], one["headers"])
        assert (trigger.valid, trigger.exception) == (True, ""), (one["type"], trigger.traceback)
    kept = models.Session.objects.get(id=session.id)
    assert kept.subscription.status == "active"
    assert kept.customer.email == PERSON["email"]


def _endpoint(shop: Shop) -> models.WebhookEndpoint:
    made = stripe.WebhookEndpoint.create(url="https://ruche.test/stripe/", enabled_events=["*"])
    kept = _synced(models.WebhookEndpoint, made)
    assert kept.secret == made.secret
    return kept


def _receive(endpoint: models.WebhookEndpoint, body: str, headers: dict[str, str]) -> models.WebhookEventTrigger:
    request = RequestFactory().post("/", body, content_type="application/json", headers=headers)
    return models.WebhookEventTrigger.from_request(request, webhook_endpoint=endpoint)


def test_a_forged_one_is_refused(shop: Shop) -> None:
    endpoint = _endpoint(shop)
    shop.fake.hold()
    stripe.Customer.create(name="A")
    one = shop.fake.take()[0]
    changed = json.dumps({**json.loads(one["body"]), "type": "customer.deleted"})
    assert not _receive(endpoint, changed, one["headers"]).valid
    signed = shop.fake.post("sign", body=one["body"], secret="whsec_another")
    assert not _receive(endpoint, one["body"], signed).valid
    assert not models.Event.objects.exists()


def test_the_version_is_the_same_everywhere() -> None:
    assert stripe.api_version == djstripe_settings.STRIPE_API_VERSION
