"""A promotion code is had once by a workspace, wherever it was typed."""

from decimal import Decimal

import pytest
import stripe
from django.core.exceptions import ValidationError

from accounts.models import AuditEntry
from billing import api, discounts
from billing.models import CodeUse
from billing.stripe import code_uses
from billing.stripe.reconcile import reconcile
from billing.subscription_types import Choice
from tenants.context import public_context
from tests.billing.stripe.conftest import push
from tests.billing.stripe.shopper import Shopper
from tests.stripe_fake.shop import PERSON, visit

HAD = "déjà eu ce code"


@pytest.fixture
def shopper(fake, people) -> Shopper:
    with public_context():
        for word in ("bienvenue", "autre"):
            coupon = discounts.coupon_add(code=word, name=word, percent_off=Decimal(30), actor=people.operator)
            discounts.code_add(coupon=coupon.code, code=word, actor=people.operator)
    push()
    made = Shopper(fake, people)
    made.address()
    return made


def uses(tenant_id) -> list[str]:
    with public_context():
        return list(CodeUse.objects.filter(tenant_id=tenant_id).order_by("id").values_list("code", flat=True))


def type_on_stripes_page(shopper: Shopper, code: str = "Bienvenue") -> None:
    assert visit(shopper.page(Choice("starter")), do="pay", **PERSON, code=code).status == 303


def off(invoice: str) -> int:
    return sum(part.amount for part in stripe.Invoice.retrieve(invoice).total_discount_amounts or ())


def test_a_code_typed_on_stripes_page_is_refused_in_a_change(shopper, people):
    type_on_stripes_page(shopper)
    api.returned(people.home)
    assert uses(people.home.id) == ["BIENVENUE"]
    with public_context():
        entry = AuditEntry.objects.get(action="promotion_code.used")
    assert (entry.actor, entry.target, entry.details) == ("Stripe", people.home.slug, {"code": "BIENVENUE"})
    paid = stripe.Subscription.list(status="all").data[0].latest_invoice
    assert off(paid) == 2970, "30 % of 99"
    for code in ("bienvenue", " BIENVENUE "):
        with pytest.raises(ValidationError, match=HAD):
            api.preview(people.home, Choice("pro", promotion_code=code))
        with pytest.raises(ValidationError, match=HAD):
            shopper.change("pro", code=code)
    assert stripe.Subscription.list(status="all").data[0].latest_invoice == paid, "nothing was changed"
    shopper.change("pro", code="AUTRE")
    assert uses(people.home.id) == ["BIENVENUE", "AUTRE"]


def test_it_is_refused_before_anything_of_it_was_told(shopper, people):
    """Neither the way back nor the webhook has come: Stripe is asked."""
    type_on_stripes_page(shopper)
    assert uses(people.home.id) == []
    api.returned(people.home)
    CodeUse.objects.all().delete()
    with pytest.raises(ValidationError, match=HAD):
        shopper.change("pro", code="BIENVENUE")


def test_after_the_end_a_new_subscription_does_not_have_it_again(shopper, people):
    type_on_stripes_page(shopper)
    api.returned(people.home)
    stripe.Subscription.cancel(stripe.Subscription.list().data[0].id)
    api.returned(people.home)
    with pytest.raises(ValidationError, match=HAD):
        shopper.page(Choice("pro", promotion_code="bienvenue"))
    shopper.page(Choice("pro"))
    opened = stripe.checkout.Session.list(status="open").data
    assert [page.allow_promotion_codes for page in opened] == [None], "Stripe's page cannot refuse a second time"
    shopper.page(Choice("pro", promotion_code="autre"))


def test_a_page_that_was_left_or_expired_takes_no_code_away(shopper, people):
    left = shopper.page(Choice("pro", promotion_code="bienvenue"))
    shopper.buy("starter", code="bienvenue")
    assert visit(left, do="pay", **PERSON).status == 410
    assert uses(people.home.id) == ["BIENVENUE"]
    with public_context():
        assert AuditEntry.objects.filter(action="promotion_code.used").count() == 1


def test_a_lost_webhook_is_made_up_for_by_the_reconciliation_once(shopper, people):
    type_on_stripes_page(shopper)
    for _again in range(2):
        reconcile(repair=True)
    assert uses(people.home.id) == ["BIENVENUE"]
    with public_context():
        assert AuditEntry.objects.filter(action="promotion_code.used").count() == 1


def test_a_code_had_is_remembered_when_the_customer_was_lost_at_stripe(shopper, people):
    type_on_stripes_page(shopper)
    now = api.returned(people.home)
    assert now.is_live
    stripe.Customer.delete(stripe.Customer.list().data[0].id)
    with pytest.raises(ValidationError, match=HAD):
        shopper.page(Choice("pro", promotion_code="bienvenue"))


def test_another_workspace_has_the_code_too(shopper, people):
    type_on_stripes_page(shopper)
    api.returned(people.home)
    code_uses.record(people.away.id, "bienvenue")
    assert (uses(people.home.id), uses(people.away.id)) == (["BIENVENUE"], ["BIENVENUE"])
