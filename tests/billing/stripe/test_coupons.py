"""Coupons and codes: made, pushed, set back, ended, typed by people."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import stripe
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEntry
from billing import discounts
from billing.models import Coupon, PromotionCode
from billing.stripe.coupons import find_redeemable, push_one
from billing.stripe.portal_configuration import portal_configuration
from tenants.context import public_context
from tests.billing.stripe.conftest import push


@pytest.fixture
def make(people: Any) -> Any:
    """A coupon of 30 % and its code BIENVENUE, in our rows."""

    def made(word: str = "bienvenue", **code: Any) -> PromotionCode:
        if not Coupon.objects.filter(pk="accueil").exists():
            discounts.coupon_add(code="accueil", name="Accueil", percent_off=Decimal(30), actor=people.operator)
        return discounts.code_add(coupon="accueil", code=word, actor=people.operator, **code)

    with public_context():
        yield made


def did(rows: list[dict[str, str]]) -> list[str]:
    return sorted(row["did"] for row in rows if row["did"].startswith(("coupon", "code", "portal")))


def test_pushed_once(fake, make, people):
    row = make(first_time_only=True, max_redemptions=5, expires_at=timezone.now() + timedelta(days=3))
    discounts.coupon_add(
        code="dix", name="Dix", amount_off_excl_vat=Decimal("10.50"), duration="forever", actor=people.operator
    )
    assert did(push()) == ["code created", "coupon created", "coupon created", "coupon created", "portal created"]
    row.refresh_from_db()
    there = stripe.PromotionCode.retrieve(row.stripe_id)
    assert (there.code, there.promotion.coupon, there.max_redemptions) == ("BIENVENUE", "ruche_accueil", 5)
    assert there.restrictions.first_time_transaction and there.expires_at == int(row.expires_at.timestamp())
    ten, loyal = stripe.Coupon.retrieve("ruche_dix"), stripe.Coupon.retrieve("ruche_fidelite")
    assert (ten.amount_off, ten.currency, ten.duration) == (1050, "eur", "forever")
    assert (loyal.percent_off, loyal.duration, loyal.duration_in_months) == (20, "repeating", 3)
    assert push() == []


def test_what_was_changed_over_there_is_set_back(fake, make):
    row = make()
    push()
    row.refresh_from_db()
    stripe.Coupon.modify("ruche_accueil", name="Autre")
    stripe.PromotionCode.modify(row.stripe_id, active=False)
    stripe.Coupon.delete("ruche_fidelite")
    stripe.billing_portal.Configuration.modify(
        portal_configuration(), features={"subscription_cancel": {"enabled": True}}
    )
    assert did(push()) == ["code put in force", "coupon created", "coupon updated", "portal updated"]
    assert push() == []


def test_a_run_cut_short_is_taken_up(fake, make):
    make()
    push()
    PromotionCode.objects.update(stripe_id="")
    Coupon.objects.update(stripe_id="")
    assert push() == []
    assert find_redeemable("bienvenue", first_time=True).stripe_id.startswith("promo_")


def test_an_ended_code_is_archived(fake, make, people):
    row = make()
    push()
    discounts.code_end(code_id=row.pk, reason="fini", actor=people.operator)
    discounts.code_end(code_id=row.pk, reason="encore", actor=people.operator)
    assert did(push()) == ["code archived"]
    row.refresh_from_db()
    assert not stripe.PromotionCode.retrieve(row.stripe_id).active
    assert AuditEntry.objects.get(action="promotion_code.ended").details["reason"] == "fini"


def test_an_ended_coupon_is_had_by_nobody(fake, make, people):
    make()
    make("encore")
    push()
    discounts.coupon_offer(code="accueil", actor=people.operator)
    assert Coupon.objects.get(is_counter_offer=True).pk == "accueil"
    discounts.coupon_end(code="accueil", reason="fini", actor=people.operator)
    assert did(push()) == ["code archived", "code archived"]
    assert not Coupon.objects.filter(is_counter_offer=True).exists()
    # Who had it keeps it.
    assert stripe.Coupon.retrieve("ruche_accueil").valid


def test_an_act_tells_stripe_by_a_job(fake, people, on_commit):
    with public_context(), on_commit() as asked:
        discounts.coupon_add(code="accueil", name="Accueil", percent_off=Decimal(30), actor=people.operator)
    assert len(asked) == 1
    assert [done[0] for done in push_one("accueil")] == ["coupon created"]


def test_without_stripe_the_job_does_nothing(make, settings):
    settings.STRIPE_TEST_SECRET_KEY = ""
    make()
    assert push_one("accueil") == []


def test_a_code_is_found_as_people_type_it(fake, make):
    row = make()
    found = find_redeemable("  Bienvenue ", first_time=True)
    assert found.pk == row.pk
    # What was not pushed yet is pushed now.
    assert stripe.PromotionCode.retrieve(found.stripe_id).active


@pytest.mark.parametrize(
    ("given", "typed", "said"),
    [
        ({}, "bienvenu", "n’existe pas"),
        ({}, "", "n’existe pas"),
        ({"is_active": False}, "bienvenue", "plus en vigueur"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "bienvenue", "expiré"),
        ({"first_time_only": True}, "bienvenue", "premier abonnement"),
    ],
)
def test_a_code_that_does_not_hold_says_why(fake, make, given, typed, said):
    row = make()
    PromotionCode.objects.filter(pk=row.pk).update(**given)
    with pytest.raises(ValidationError, match=said):
        find_redeemable(typed, first_time=False)


def test_a_code_that_is_used_up_says_so(buyer, make):
    row = make(max_redemptions=1)
    made = buyer()
    code = find_redeemable("BIENVENUE", first_time=True)
    made.subscribe("pro", discounts=[{"promotion_code": code.stripe_id}])
    with pytest.raises(ValidationError, match="autant de fois"):
        find_redeemable("BIENVENUE", first_time=True)
    stripe.PromotionCode.modify(code.stripe_id, active=False)
    assert did(push()) == []
    assert row.max_redemptions == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"percent_off": None}, "percent_off"),
        ({"amount_off_excl_vat": Decimal(3)}, "percent_off"),
        ({"percent_off": Decimal(101)}, "percent_off"),
        ({"percent_off": None, "amount_off_excl_vat": Decimal(-1)}, "amount_off_excl_vat"),
        ({"duration": "repeating"}, "months"),
        ({"months": 3}, "months"),
        ({"code": "fidelite"}, "code"),
        ({"code": "à b"}, "code"),
        ({"name": ""}, "name"),
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused(people, given, field):
    whole = {"code": "rentree", "name": "Rentrée", "percent_off": Decimal(10)} | given
    with public_context(), pytest.raises(ValidationError) as refused:
        discounts.coupon_add(**whole, actor=people.operator)
    assert field in refused.value.message_dict
    with public_context():
        assert not Coupon.objects.filter(pk="rentree").exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"code": "BIENVENUE"}, "code"),
        ({"code": "é"}, "code"),
        ({"expires_at": timezone.now() - timedelta(days=1)}, "expires_at"),
    ],
)
def test_a_code_that_makes_no_sense_is_refused(make, people, given, field):
    make()
    with pytest.raises(ValidationError) as refused:
        discounts.code_add(**({"coupon": "accueil", "code": "autre"} | given), actor=people.operator)
    assert field in refused.value.message_dict
    assert PromotionCode.objects.count() == 1


def test_one_counter_offer_at_a_time(people):
    with public_context():
        new = discounts.coupon_add(
            code="rester", name="Rester", percent_off=Decimal(50), is_counter_offer=True, actor=people.operator
        )
        assert Coupon.objects.get(is_counter_offer=True) == new
        assert [entry.target for entry in AuditEntry.objects.filter(action="coupon.offered")] == ["rester"]
