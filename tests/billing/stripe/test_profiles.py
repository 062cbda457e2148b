"""Who pays, as invoices name them: kept, told to Stripe, followed when the European register answers."""

from decimal import Decimal
from typing import Any

import pytest
import stripe
from django.core.exceptions import ValidationError

from accounts.models import AuditEntry
from billing.models import BillingProfile
from billing.stripe.customers import customer_of
from billing.stripe.profiles import follow_tax_id, profile_of, profile_save, vat_of
from billing.stripe.profiles import push_profile as tell_stripe
from billing.stripe.sync import refresh
from billing.stripe.tax_rates import tax_rate_of
from billing.subscription_types import StripeUnavailable
from mailing.models import OutboxMessage
from tax.countries import countries, is_country, name_of
from tax.vat import Category, Vat
from tenants.context import public_context
from tests.billing.stripe.conftest import deliver

HERE = {
    "name": "Atelier du Midi",
    "line1": "1 rue Haute",
    "line2": "",
    "postal_code": "13001",
    "city": "Marseille",
    "country": "FR",
    "vat_number": "",
}
BERLIN = {"line1": "Torstr. 1", "postal_code": "10115", "city": "Berlin", "country": "DE"}
GERMAN = "DE136695976"
# Well-formed, and what the fake's register does not know.
UNKNOWN = "PL0000000000"
WARSAW = HERE | {"postal_code": "00-001", "city": "Warszawa", "country": "PL", "vat_number": UNKNOWN}


@pytest.fixture
def save(people: Any) -> Any:
    def make(**given: str) -> BillingProfile:
        return profile_save(people.home, **(HERE | given), actor=people.owner)

    return make


def rates(one: Any) -> list[tuple[str, float]]:
    found = stripe.Subscription.retrieve(one.id).default_tax_rates or []
    return [(rate.display_name, rate.percentage) for rate in found]


def test_without_stripe_the_row_is_kept(save, people, settings):
    settings.STRIPE_TEST_SECRET_KEY = ""
    assert profile_of(people.home) is None
    assert vat_of(people.home).rate_percent == 20
    save(name="  Atelier   du Midi ", postal_code="13 001", vat_number="40 303 265 045")
    row = profile_of(people.home)
    assert (row.name, row.postal_code, row.vat_number) == ("Atelier du Midi", "13001", "FR40303265045")
    assert row.vat_status == "pending"
    save(postal_code="97400")
    assert vat_of(people.home) == Vat(Decimal("8.5"), Category.STANDARD, "", "RE")
    assert profile_of(people.home).vat_status == "none"


def test_what_changed_is_in_the_workspaces_log(save, settings):
    settings.STRIPE_TEST_SECRET_KEY = ""
    save()
    save()
    save(city="Lyon")
    entries = AuditEntry.objects.filter(action="profile.saved").order_by("id")
    assert [entry.details for entry in entries] == [HERE, {"city": "Lyon"}]


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"name": " "}, "name", "raison sociale"),
        ({"line1": ""}, "line1", "adresse"),
        ({"city": ""}, "city", "ville"),
        ({"country": "XX"}, "country", "pays"),
        ({"country": ""}, "country", "pays"),
        ({"postal_code": "1300"}, "postal_code", "cinq chiffres"),
        ({"postal_code": "A1001"}, "postal_code", "cinq chiffres"),
        ({"country": "MC", "postal_code": ""}, "postal_code", "cinq chiffres"),
        ({"vat_number": "FR40303265046"}, "vat_number", "bien formé"),
        ({"vat_number": GERMAN}, "vat_number", "Allemagne"),
        ({"country": "CH", "vat_number": GERMAN}, "vat_number", "champ vide"),
        ({"country": "GB", "vat_number": "XI123456789"}, "vat_number", "champ vide"),
        ({"name": "x" * 121}, "name", "120"),
    ],
)
def test_what_cannot_be_meant_is_refused(save, people, settings, given, field, said):
    settings.STRIPE_TEST_SECRET_KEY = ""
    with pytest.raises(ValidationError) as refused:
        save(**given)
    assert said in " ".join(refused.value.message_dict[field])
    assert profile_of(people.home) is None


def test_stripe_is_told(fake, save, people):
    save(**BERLIN, vat_number="de 136 695 976")
    customer = customer_of(people.home.id)
    found = stripe.Customer.retrieve(customer)
    assert (found.name, found.address.city, found.address.country) == ("Atelier du Midi", "Berlin", "DE")
    assert (found.preferred_locales, "Autoliquidation" in found.invoice_settings.footer) == (["fr"], True)
    numbers = stripe.Customer.list_tax_ids(customer).data
    assert [(one.type, one.value) for one in numbers] == [("eu_vat", GERMAN)]
    row = profile_of(people.home)
    assert (row.stripe_tax_id, row.vat_status) == (numbers[0].id, "verified")
    save()
    assert stripe.Customer.list_tax_ids(customer).data == []
    assert stripe.Customer.retrieve(customer).invoice_settings.footer is None


def test_a_customer_made_after_the_profile_says_it_too(fake, save, people, settings):
    key, settings.STRIPE_TEST_SECRET_KEY = settings.STRIPE_TEST_SECRET_KEY, ""
    save(**BERLIN, vat_number=GERMAN)
    settings.STRIPE_TEST_SECRET_KEY = key
    customer = customer_of(people.home.id)
    tell_stripe(people.home)
    found = stripe.Customer.retrieve(customer)
    assert (found.name, found.address.city) == ("Atelier du Midi", "Berlin")
    assert profile_of(people.home).vat_status == "verified"
    before = len(fake.get("calls"))
    tell_stripe(people.home)
    assert len(fake.get("calls")) == before + 1
    # What somebody takes away over there is set back.
    stripe.Customer.delete_tax_id(customer, profile_of(people.home).stripe_tax_id)
    follow_tax_id(customer)
    assert [one.value for one in stripe.Customer.list_tax_ids(customer).data] == [GERMAN]


def test_saving_again_finishes_what_was_begun(fake, save, people):
    save()
    customer = customer_of(people.home.id)
    fake.post("fail", path=f"/v1/customers/{customer}", status=500, times=1, retry="false")
    with pytest.raises(StripeUnavailable):
        save(**BERLIN, vat_number=GERMAN)
    assert profile_of(people.home).country == "FR"
    save(**BERLIN, vat_number=GERMAN)
    assert [one.value for one in stripe.Customer.list_tax_ids(customer).data] == [GERMAN]
    assert profile_of(people.home).vat_number == GERMAN


def test_a_living_subscription_takes_its_vat_from_the_next_invoice(buyer, save, people):
    made = buyer()
    one = made.subscribe("pro", default_tax_rates=[tax_rate_of(vat_of(people.home))])
    assert rates(one) == [("TVA", 20)]
    refresh(people.home.id)
    save(**BERLIN, vat_number=GERMAN)
    assert rates(one) == [("TVA, autoliquidation", 0)]
    save(**BERLIN)
    assert rates(one) == [("TVA", 20)]
    # No invoice comes of it before the period is over.
    assert len(stripe.Invoice.list(customer=made.customer).data) == 1
    save(postal_code="97400")
    made.pass_days(31.1)
    latest = stripe.Invoice.list(customer=made.customer).data[0]
    assert latest.total == 14900 + 1267  # 8.5 % of 149 €


def test_a_refused_number_is_told_and_taxed(buyer, fake, save, people):
    made = buyer()
    one = made.subscribe("pro", default_tax_rates=[tax_rate_of(vat_of(people.home))])
    refresh(people.home.id)
    with public_context():
        BillingProfile.objects.create(tenant_id=people.home.id, vat_status="pending", **WARSAW)
    assert vat_of(people.home).category is Category.REVERSE_CHARGE
    fake.take()
    stripe.Customer.create_tax_id(made.customer, type="eu_vat", value=UNKNOWN)
    (sent,) = [event for event in fake.take() if event["type"] == "customer.tax_id.created"]
    assert deliver(sent)
    assert profile_of(people.home).vat_status == "refused"
    assert vat_of(people.home).rate_percent == 20
    assert rates(one) == [("TVA", 20)]
    with public_context():
        assert OutboxMessage.objects.filter(subject__contains="numéro de TVA").count() == 1
    assert AuditEntry.objects.filter(action="profile.vat_checked").count() == 1
    follow_tax_id(made.customer)
    with public_context():
        assert OutboxMessage.objects.filter(subject__contains="numéro de TVA").count() == 1


def test_a_page_of_payment_with_the_vat_from_before_expires(fake, save, people):
    save()
    customer = customer_of(people.home.id)
    price = stripe.Price.create(
        unit_amount=100, currency="eur", recurring={"interval": "month"}, product=stripe.Product.create(name="x").id
    )
    page = stripe.checkout.Session.create(
        mode="subscription",
        customer=customer,
        line_items=[{"price": price.id, "quantity": 1}],
        success_url="https://ruche.test/",
    )
    save(city="Lyon")
    assert stripe.checkout.Session.retrieve(page.id).status == "open"
    save(**BERLIN, vat_number=GERMAN)
    assert stripe.checkout.Session.retrieve(page.id).status == "expired"


def test_a_rate_is_made_once(fake):
    vats = [
        Vat(Decimal(20), Category.STANDARD, "", "FR"),
        Vat(Decimal("20.00"), Category.STANDARD, "", "FR"),
        Vat(Decimal("5.5"), Category.STANDARD, "", "FR"),
        Vat(Decimal(0), Category.OUTSIDE, "TVA non applicable"),
        Vat(Decimal(0), Category.REVERSE_CHARGE, "Autoliquidation"),
    ]
    made = [tax_rate_of(vat) for vat in vats]
    assert made[0] == made[1] and len(set(made)) == 4
    stripe.TaxRate.modify(made[0], active=False)
    assert [tax_rate_of(vat) for vat in vats] == made
    found = stripe.TaxRate.retrieve(made[0])
    assert (found.active, found.percentage, found.country, found.inclusive) == (True, 20, "FR", False)


def test_countries_are_named_in_both_languages():
    from django.utils.translation import override

    (union, members), (_others, rest) = countries()
    assert (union, len(members)) == ("Union européenne", 27)
    assert members[0] == ("DE", "Allemagne") and ("RE", "La Réunion") in rest
    with override("en"):
        assert name_of("DE") == "Germany"
    assert is_country("MC") and not is_country("XX") and name_of("XX") == "XX"
