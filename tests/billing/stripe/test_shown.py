"""What a change is shown to cost, now and later, is what it costs: with credits, kept prices, other rates and hands."""

from decimal import Decimal

import pytest
import stripe
from django.core.exceptions import ValidationError

from billing import api
from billing.subscription_types import Choice
from plans.models import Price
from plans.prices import price_set
from tenants.context import public_context
from tests.billing.stripe.conftest import push, row
from tests.billing.stripe.shopper import Shopper


@pytest.fixture
def shopper(fake, people) -> Shopper:
    push()
    one = Shopper(fake, people)
    one.address()
    return one


def latest() -> stripe.Invoice:
    return stripe.Invoice.list(limit=1).data[0]


@pytest.mark.parametrize(("after", "charged"), [("pro", False), ("scale", True)])
def test_what_was_given_back_before_is_taken_off(after, charged, shopper):
    shopper.buy("scale")
    shopper.pass_days(5)
    shopper.change("starter")
    shown, made = shopper.change(after, "analytics")
    real = latest()
    assert made.done and shown.due_now_incl_vat == Decimal(real.amount_paid) / 100
    assert shown.due_now_excl_vat + shown.due_now_vat == Decimal(real.total) / 100
    assert shown.credit_used_incl_vat == shown.due_now_incl_vat - Decimal(real.total) / 100 < 0
    assert bool(shown.due_now_incl_vat) == charged


def test_what_goes_on_is_renewed_at_its_own_price(shopper, people):
    shopper.buy("starter")
    with public_context():
        plan = Price.objects.get(plan_id="starter", interval="month", is_active=True).plan
        price_set(plan, interval="month", amount_excl_vat=Decimal(199), actor=people.operator)
    push()
    shown, _made = shopper.change("starter", "analytics")
    assert (shown.renewal_excl_vat, shown.renewal_incl_vat) == (Decimal(128), Decimal("153.60"))
    shopper.pass_days(32)
    assert latest().total == 15360


def test_the_vat_of_what_comes_is_rounded_as_the_invoice_rounds_it(shopper):
    shopper.address(postal_code="97100", city="Basse-Terre")
    shopper.buy("starter")
    shown, _made = shopper.change("pro")
    shopper.pass_days(32)
    assert shown.renewal_incl_vat == Decimal(latest().total) / 100 == Decimal("161.67")


def test_an_option_by_the_month_leaves_the_year_its_end(shopper, people):
    with public_context():
        Price.objects.filter(add_on_id="analytics", interval="year").update(is_active=False)
    shopper.buy("pro", interval="year")
    shown, _made = shopper.change("pro", "analytics", interval="year")
    assert shown.renews_at == row(people).period_end
    assert (shown.renewal_excl_vat, shown.monthly_beside_excl_vat) == (1490, 29)


def test_what_somebody_else_changed_meanwhile_is_shown_before_it_is_charged(shopper, people):
    shopper.buy("starter")
    shown = api.preview(people.home, Choice("scale"))
    shopper.change("pro")
    made = {"at": shown.at, "due": shown.due_now_incl_vat, "actor": people.owner}
    with pytest.raises(ValidationError, match="le voici refait") as raised:
        api.change(people.home, Choice("scale"), **made)
    assert raised.value.code == "old"
    assert api.returned(people.home).choice == Choice("pro")
    shown = api.preview(people.home, Choice("scale"))
    assert api.change(people.home, Choice("scale"), **made | {"at": shown.at, "due": shown.due_now_incl_vat}).done
    assert latest().amount_paid == shown.due_now_incl_vat * 100


@pytest.mark.parametrize(
    "after", [Choice("scale", "year"), Choice("starter", "month"), Choice("pro", "month", ("analytics",))]
)
def test_nothing_else_makes_the_sum_another(after, shopper, people):
    shopper.buy("pro")
    shopper.pass_days(9.7)
    shown = api.preview(people.home, after)
    assert api.change(people.home, after, at=shown.at, due=shown.due_now_incl_vat, actor=people.owner).done
