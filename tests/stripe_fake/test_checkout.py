"""The checkout page, clicked through."""

import re

import pytest
import stripe

from tests.stripe_fake.shop import DAY, MARCH, PERSON, again, fields_of, invoices, visit


def _pay(session, **changed):
    return visit(session.url, do="pay", **{**PERSON, **changed})


def _done(session):
    return again(session, expand=["subscription", "invoice", "customer", "setup_intent"])


def test_the_page_says_what_it_is_and_what_it_costs(shop):
    session = shop.session(tax_id_collection={"enabled": True}, allow_promotion_codes=True)
    page = visit(session.url)
    assert page.status == 200
    assert "Stripe simulé" in page.text
    assert "178,80\u00a0€" in page.text
    assert {"email", "name", "line1", "tax_id", "code", "number", "iban"} <= fields_of(page.text)
    labels = set(re.findall(r'<label for="(\w+)"', page.text))
    named = set(re.findall(r'<(?:input|select) id="(\w+)"', page.text))
    assert named == labels
    assert "<script" not in page.text
    assert page.text.index('value="pay"') < page.text.index('value="apply"'), "the Enter key presses the first button"
    assert 'href="http://shop.test/non"' in page.text


def test_a_purchase(shop):
    session = shop.session(metadata={"espace": "7"}, client_reference_id="t7")
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 17880)
    seen = _pay(session)
    assert (seen.status, seen.location) == (303, f"http://shop.test/merci?s={session.id}")
    done = _done(session)
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert (done.customer.email, done.customer.address.city) == (PERSON["email"], "Lyon")
    assert done.subscription.status == "active"
    assert (done.invoice.status, done.invoice.total) == ("paid", 17880)
    method = stripe.PaymentMethod.retrieve(done.subscription.default_payment_method)
    assert (method.customer, method.card.last4) == (done.customer.id, "4242")
    completed = shop.events("checkout.session.completed")[0].data.object
    assert (completed["metadata"]["espace"], completed["client_reference_id"]) == ("7", "t7")


def test_a_session_is_used_once(shop):
    session = shop.session()
    _pay(session)
    assert _pay(session).status == 410
    assert visit(session.url or f"{shop.fake.url}/c/pay/{session.id}").status == 410
    assert len(stripe.Customer.list().data) == 1


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("4000 0000 0000 0002", "Votre carte a été refusée."),
        ("4000 0000 0000 9995", "fonds disponibles"),
        ("4000 0000 0000 0069", "expiré"),
        ("4000 0000 0000 0127", "code de sécurité"),
        ("1234", "numéro de carte est incorrect"),
    ],
)
def test_a_refused_card_leaves_nothing_and_may_be_replaced(shop, number, said):
    session = shop.session()
    seen = _pay(session, number=number)
    assert seen.status == 402
    assert said in seen.text
    assert number not in seen.text
    assert 'value="achats@client.test"' in seen.text
    assert stripe.Customer.list().data == []
    assert "customer.created" not in shop.told()
    assert _pay(session).status == 303


@pytest.mark.parametrize("number", ["4000 0025 0000 3155", "4000 0027 6000 3184"])
def test_the_bank_asks(shop, number):
    session = shop.session()
    asked = _pay(session, number=number)
    assert asked.location == f"/c/authenticate/{session.id}"
    bank = shop.fake.url + asked.location
    assert {"Autoriser", "Refuser"} <= set(re.findall(r">(\w+)</button>", visit(bank).text))
    refused = visit(bank, do="refuse")
    assert refused.status == 402
    assert "authentification a échoué" in refused.text
    assert f'action="/c/pay/{session.id}"' in refused.text, "what is tried again is sent to the page of payment"
    assert again(session).status == "open"
    _pay(session, number=number)
    assert visit(bank, do="grant").location.startswith("http://shop.test/merci")
    assert _done(session).subscription.status == "active"


@pytest.mark.parametrize(("number", "status"), [("4000002500003155", "active"), ("4000002760003184", "past_due")])
def test_once_asked_or_always(shop, number, status):
    session = shop.session()
    asked = _pay(session, number=number)
    visit(shop.fake.url + asked.location, do="grant")
    shop.fake.advance(days=32)
    assert _done(session).subscription.status == status


def test_a_trial_without_a_card(shop):
    session = shop.session(subscription_data={"trial_period_days": 14}, payment_method_collection="if_required")
    page = visit(session.url)
    assert "number" not in fields_of(page.text)
    assert "Essai gratuit" in page.text
    _pay(session)
    done = _done(session)
    assert (done.payment_status, done.subscription.status) == ("no_payment_required", "trialing")


def test_a_trial_with_a_card(shop):
    session = shop.session(subscription_data={"trial_period_days": 14, "metadata": {"espace": "7"}})
    asked = _pay(session, number="4000 0025 0000 3155")
    visit(shop.fake.url + asked.location, do="grant")
    done = _done(session)
    assert (done.subscription.status, done.subscription.metadata["espace"]) == ("trialing", "7")
    assert "setup_intent.succeeded" in shop.told()
    shop.fake.advance(days=15)
    assert again(done.subscription).status == "active"


def test_a_known_customer(shop):
    customer = shop.customer("")
    session = shop.session(
        customer=customer.id,
        customer_update={"name": "auto", "address": "auto"},
        tax_id_collection={"enabled": True},
    )
    assert "readonly" in visit(session.url).text
    _pay(session, tax_id="FR 40303265045", name="Client SAS")
    kept = again(customer, expand=["tax_ids"])
    assert (kept.name, kept.address.country, kept.tax_ids.data[0].value) == ("Client SAS", "FR", "FR40303265045")
    assert invoices(customer)[0].customer_tax_ids[0].value == "FR40303265045"
    assert _done(session).customer_details.tax_ids[0].type == "eu_vat"


def test_a_wrong_tax_number(shop):
    session = shop.session(tax_id_collection={"enabled": True})
    assert "TVA n’est pas valable" in _pay(session, tax_id="FR1").text


def test_a_promotion_code(shop):
    coupon = stripe.Coupon.create(percent_off=20, duration="once")
    stripe.PromotionCode.create(promotion={"type": "coupon", "coupon": coupon.id}, code="RUCHE20")
    session = shop.session(allow_promotion_codes=True)
    assert "143,04\u00a0€" in visit(session.url, do="apply", code="ruche20").text
    assert "n’est pas valable" in visit(session.url, do="apply", code="NON").text
    _pay(session, code="ruche20")
    done = _done(session)
    assert (done.amount_total, done.invoice.total_discount_amounts[0].amount) == (14304, 2980)


def test_a_discount_given(shop):
    coupon = stripe.Coupon.create(percent_off=100, duration="forever")
    session = shop.session(discounts=[{"coupon": coupon.id}])
    assert (session.amount_total, session.total_details.amount_discount) == (0, 14900)


@pytest.mark.parametrize(
    ("iban", "kind"),
    [("DE89 3704 0044 0532 0130 00", "succeeded"), ("DE62 3704 0044 0532 0130 01", "failed")],
)
def test_a_debit(shop, iban, kind):
    session = shop.session()
    _pay(session, method="sepa_debit", iban=iban)
    done = _done(session)
    assert (done.status, done.payment_status, done.subscription.status) == ("complete", "unpaid", "active")
    shop.fake.advance(days=5, hours=1)
    assert shop.told("checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed") == [
        f"checkout.session.async_payment_{kind}"
    ]
    assert again(session).payment_status == ("paid" if kind == "succeeded" else "unpaid")


def test_a_wrong_iban(shop):
    assert "IBAN" in _pay(shop.session(), method="sepa_debit", iban="FR00").text


def test_a_session_expires(shop):
    session = shop.session()
    shop.fake.advance(hours=24)
    assert again(session).status == "expired"
    assert shop.told("checkout.session.expired") == ["checkout.session.expired"]
    assert visit(f"{shop.fake.url}/c/pay/{session.id}").status == 410


def test_a_card_to_keep(shop):
    customer = shop.customer("")
    session = shop.session(
        mode="setup", customer=customer.id, line_items=[], subscription_data={}, payment_method_types=["card"]
    )
    _pay(session)
    assert _done(session).setup_intent.status == "succeeded"
    assert stripe.PaymentMethod.list(customer=customer.id).data[0].card.last4 == "4242"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"line_items": [{"price": "price_gone"}]}, "No such price"),
        ({"mode": "payment"}, "does not simulate"),
        ({"allow_promotion_codes": True, "discounts": [{"coupon": "x"}]}, "only specify one"),
        ({"customer_update": {"name": "auto"}}, "customer_update"),
        ({"expires_at": MARCH + 30 * DAY}, "expires_at"),
    ],
)
def test_what_cannot_be_sold(shop, given, said):
    with pytest.raises(stripe.InvalidRequestError, match=said):
        shop.session(**given)


def test_a_page_nobody_knows(shop):
    assert visit(f"{shop.fake.url}/c/pay/cs_test_x").status == 404
    assert visit(f"{shop.fake.url}/nothing").status == 404
