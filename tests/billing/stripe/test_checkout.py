"""The first payment: from a choice to a subscription, on Stripe's own page."""

from decimal import Decimal

import pytest
import stripe
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEntry
from billing import api
from billing.models import Subscription
from billing.subscription_types import Choice, StripeUnavailable
from plans.models import Price
from tenants.context import public_context
from tests.billing.stripe.conftest import price_id, push, state
from tests.billing.stripe.shopper import Shopper
from tests.stripe_fake.shop import PERSON, visit


@pytest.fixture
def shopper(fake, people) -> Shopper:
    push()
    return Shopper(fake, people)


def last_subscription() -> stripe.Subscription:
    return stripe.Subscription.list(status="all", limit=1).data[0]


def test_from_a_trial_to_a_paying_workspace(shopper, people):
    assert api.current(people.home).is_live is False
    shopper.address()
    now = shopper.buy("starter", "analytics")
    assert (now.is_live, now.status, now.choice) == (True, "active", Choice("starter", "month", ("analytics",)))
    assert now.payment_method == "Visa •••• 4242"
    assert now.monthly_excl_vat == Decimal("128.00")
    assert state(people) == "active"
    made = last_subscription()
    assert made.billing_mode.type == "flexible"
    paid = stripe.Invoice.retrieve(made.latest_invoice)
    assert (paid.subtotal, paid.total) == (12800, 15360), "29 + 99, and 20 % of VAT"
    assert AuditEntry.objects.filter(action="checkout.opened").count() == 1


def test_a_year_with_its_options(shopper):
    shopper.address()
    now = shopper.buy("pro", "certificates", interval="year")
    assert now.choice == Choice("pro", "year", ("certificates",))
    assert now.monthly_excl_vat == Decimal("140.00"), "(1490 + 190) / 12"
    assert now.period_end is not None
    assert 360 < (now.period_end - timezone.now()).days < 370


def test_without_an_address_nothing_is_opened(shopper):
    with pytest.raises(ValidationError, match="coordonnées"):
        shopper.page(Choice("pro"))
    assert stripe.checkout.Session.list().data == []


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice("gold"), "pas en vente"),
        (Choice("pro", "week"), "au mois ou à l’année"),
        (Choice("pro", "month", ("teleport",)), "option n’est pas en vente"),
        (Choice("pro", "month", (), "NOEL"), "n’existe pas"),
    ],
)
def test_what_is_not_for_sale(shopper, choice, said):
    shopper.address()
    with pytest.raises(ValidationError, match=said):
        shopper.page(choice)
    assert stripe.checkout.Session.list().data == []


def test_a_price_that_stripe_does_not_know_is_not_sold(shopper):
    shopper.address()
    with public_context():
        Price.objects.filter(plan_id="pro", interval="month").update(stripe_price_id="", lookup_key="")
    with pytest.raises(ValidationError, match="pas encore en vente"):
        shopper.page(Choice("pro"))


def test_an_option_by_the_month_comes_after_a_year_s_plan(shopper):
    shopper.address()
    with public_context():
        Price.objects.filter(add_on_id="certificates", interval="year").update(is_active=False)
    with pytest.raises(ValidationError, match="ajouterez ensuite"):
        shopper.page(Choice("pro", "year", ("certificates",)))
    shopper.buy("pro", interval="year")
    shopper.change("pro", "certificates", interval="year")
    now = api.current(shopper.tenant)
    assert (now.choice, now.monthly_excl_vat) == (Choice("pro", "year", ("certificates",)), Decimal("143.17"))
    ends = api.cancel(shopper.tenant, reason="unused", comment="", offer="", actor=shopper.actor)
    assert ends is not None and (ends - timezone.now()).days > 360, "the year's end, not the option's month"


def test_one_page_at_a_time_and_one_subscription(shopper, people):
    shopper.address()
    first, second = shopper.page(Choice("pro")), shopper.page(Choice("scale"))
    assert visit(first, do="pay", **PERSON).status == 410
    assert visit(second, do="pay", **PERSON).status == 303
    assert api.returned(people.home).choice == Choice("scale")
    with pytest.raises(ValidationError, match="déjà un abonnement"):
        shopper.page(Choice("pro"))
    assert len(stripe.Subscription.list(status="all").data) == 1


def test_what_was_paid_a_moment_ago_is_not_paid_again(shopper, people):
    shopper.address()
    assert visit(shopper.page(Choice("pro")), do="pay", **PERSON).status == 303
    assert api.current(people.home).is_live is False, "no webhook came yet"
    with pytest.raises(ValidationError, match="déjà un abonnement"):
        shopper.page(Choice("pro"))
    assert len(stripe.Subscription.list(status="all").data) == 1
    assert api.current(people.home).choice == Choice("pro"), "and it is followed at once"


def test_a_debit_takes_days_and_opens_at_once(shopper, people):
    shopper.address()
    now = shopper.buy("pro", method="sepa_debit", iban="DE89 3704 0044 0532 0130 00")
    assert now.is_live
    assert now.payment_method.startswith("SEPA DE")
    assert api.invoices(people.home)[0].is_pending
    shopper.pass_days(8)
    line = api.invoices(people.home)[0]
    assert (line.status, line.is_pending) == ("paid", False)


def test_stripe_away_is_one_error_and_changes_nothing(shopper, fake, people):
    shopper.address()
    fake.post("fail", path="/v1/checkout/sessions", status=500, times=20)
    with pytest.raises(StripeUnavailable):
        shopper.page(Choice("pro"))
    assert AuditEntry.objects.filter(action="checkout.opened").count() == 0
    with public_context():
        assert Subscription.objects.get(tenant_id=people.home.id).status == ""


def test_the_portal_shows_means_of_payment_only(shopper, people):
    shopper.address()
    shopper.buy("pro")
    page = visit(api.portal_url(people.home, return_url="http://atelier.test/")).text
    assert "http://atelier.test/" in page
    assert 'value="method"' in page
    assert 'value="cancel"' not in page and 'value="switch"' not in page
    shopper.card("5555 5555 5555 4444")
    assert api.returned(people.home).payment_method == "Mastercard •••• 4444"


def test_a_customer_that_stripe_lost_is_made_anew(shopper, people):
    shopper.address()
    with public_context():
        lost = Subscription.objects.get(tenant_id=people.home.id).stripe_customer_id
    stripe.Customer.delete(lost)
    assert shopper.buy("pro").is_live
    with public_context():
        assert Subscription.objects.get(tenant_id=people.home.id).stripe_customer_id != lost


def test_a_first_payment_that_nobody_confirmed_comes_first(shopper, people):
    shopper.address()
    with public_context():
        customer = Subscription.objects.get(tenant_id=people.home.id).stripe_customer_id
    items = [{"price": price_id("pro")}]
    left = stripe.Subscription.create(customer=customer, items=items, payment_behavior="default_incomplete")
    assert left.status == "incomplete"
    with pytest.raises(ValidationError, match="attend d’être terminé"):
        shopper.page(Choice("scale"))
    api.returned(people.home)
    assert shopper.pay(api.pay_url(people.home)).status == 303
    assert api.returned(people.home).choice == Choice("pro")
