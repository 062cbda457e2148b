"""Another plan, other options: what is shown is what is then charged, to the cent."""

import time
from decimal import Decimal

import pytest
import stripe
from django.core.exceptions import ValidationError

from accounts.models import AuditEntry
from billing import api, discounts
from billing.subscription_types import Choice
from plans.meters import slot_of
from plans.models import Price
from plans.prices import price_set
from tenants.context import public_context
from tests.billing.stripe.conftest import push, row, state
from tests.billing.stripe.shopper import REFUSED, Shopper, plain
from tests.stripe_fake.shop import visit
from usage.models import QuotaCounter


@pytest.fixture
def shopper(fake, people) -> Shopper:
    push()
    one = Shopper(fake, people)
    one.address()
    return one


def latest() -> stripe.Invoice:
    return stripe.Invoice.list(limit=1).data[0]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Choice("starter"), Choice("scale")),
        (Choice("starter"), Choice("pro", "month", ("analytics", "white_label"))),
        (Choice("starter", "month", ("analytics",)), Choice("starter", "month", ("certificates",))),
        (Choice("pro"), Choice("pro", "year")),
        (Choice("pro", "year"), Choice("scale", "year", ("analytics",))),
        (Choice("scale"), Choice("starter")),
        (Choice("scale", "year"), Choice("starter", "month")),
        (Choice("pro", "month", ("analytics", "white_label")), Choice("pro")),
    ],
    ids=str,
)
def test_what_is_shown_is_what_is_charged(shopper, people, before, after):
    shopper.buy(before.plan, *before.add_ons, interval=before.interval)
    shopper.pass_days(11.3)
    shown, made = shopper.change(after.plan, *after.add_ons, interval=after.interval)
    assert made.done and made.pay_url == ""
    real = latest()
    cents = Decimal(real.total) / 100
    if cents > 0:
        assert (shown.due_now_incl_vat, shown.credit_excl_vat) == (cents, 0)
        assert shown.due_now_excl_vat + shown.due_now_vat == shown.due_now_incl_vat
        assert real.status == "paid"
    else:
        assert (shown.due_now_incl_vat, shown.credit_excl_vat) == (0, -Decimal(real.total_excluding_tax) / 100)
    assert sum(line.amount_excl_vat for line in shown.lines) == Decimal(real.total_excluding_tax) / 100
    now = api.current(people.home)
    assert now.choice == after
    assert row(people).plan_code == after.plan


def test_the_lines_speak_our_language(shopper):
    shopper.buy("starter")
    shopper.pass_days(10)
    choice = Choice("pro", "month", ("analytics",))
    texts = [plain(line.text) for line in api.preview(shopper.tenant, choice).lines]
    assert texts[0] == "Offre Starter : temps non utilisé"
    assert texts[1].startswith("Offre Pro : jusqu’au ")
    assert texts[2].startswith("Option Statistiques avancées : jusqu’au ")


def test_a_credit_pays_the_next_invoice(shopper, people):
    shopper.buy("scale")
    shopper.pass_days(5)
    shown, _made = shopper.change("starter")
    assert shown.credit_excl_vat > 100
    coming = api.next_payment(people.home)
    assert coming is not None
    assert coming.amount_excl_vat == Decimal("99.00")
    assert coming.amount_incl_vat == 0, "the credit is larger than the month"


def test_a_refused_card_changes_nothing_until_it_is_paid(shopper, people):
    shopper.buy("starter")
    shopper.card(REFUSED)
    _shown, made = shopper.change("scale")
    assert not made.done and made.pay_url
    waits = api.current(people.home)
    assert (waits.choice, waits.change_waits) == (Choice("starter"), True)
    assert (row(people).plan_code, state(people)) == ("starter", "active")
    assert "Payer" in visit(made.pay_url).text
    assert shopper.pay(made.pay_url).status == 303
    assert api.returned(people.home).choice == Choice("scale")


def test_the_bank_is_asked_before_anything_changes(shopper, people, fake):
    shopper.buy("starter")
    fake.next_payments("authenticate")
    _shown, made = shopper.change("pro")
    assert made.pay_url and api.current(people.home).choice == Choice("starter")
    shopper.pass_days(2)
    assert api.current(people.home).choice == Choice("starter"), "put aside, then forgotten"
    assert api.pay_url(people.home) == ""


def test_who_pays_by_debit_has_the_change_at_once(shopper, people):
    shopper.buy("starter", method="sepa_debit", iban="DE89 3704 0044 0532 0130 00")
    shopper.pass_days(8)
    _shown, made = shopper.change("pro")
    assert made.done
    assert api.current(people.home).choice == Choice("pro")
    assert api.invoices(people.home)[0].is_pending
    assert api.pay_url(people.home) == "", "nothing to pay while the debit is under way"


def test_sent_twice_it_is_charged_once(shopper, people):
    shopper.buy("starter")
    choice = Choice("pro")
    shown = api.preview(people.home, choice)
    api.change(people.home, choice, at=shown.at, actor=people.owner)
    with pytest.raises(ValidationError, match="déjà ce que vous avez"):
        api.change(people.home, choice, at=shown.at, actor=people.owner)
    assert len(stripe.Invoice.list().data) == 2


@pytest.mark.parametrize("late", [-60, 3600])
def test_what_was_counted_long_ago_or_tomorrow_is_counted_anew(shopper, people, late):
    shopper.buy("starter")
    with pytest.raises(ValidationError, match="quart d’heure"):
        api.change(people.home, Choice("pro"), at=int(time.time()) - late, actor=people.owner)
    assert api.returned(people.home).choice == Choice("starter")


def test_who_owes_pays_first(shopper, people):
    shopper.buy("starter")
    shopper.card(REFUSED)
    assert shopper.pass_days(32).status == "past_due"
    with pytest.raises(ValidationError, match="facture en attente"):
        api.preview(people.home, Choice("pro"))
    assert shopper.pay(api.pay_url(people.home)).status == 303
    assert api.returned(people.home).status == "active"
    assert api.pay_url(people.home) == ""


def test_who_stays_keeps_the_old_price(shopper, people):
    shopper.buy("starter")
    with public_context():
        plan = Price.objects.get(plan_id="starter", interval="month", is_active=True).plan
        price_set(plan, interval="month", amount_excl_vat=Decimal(199), actor=people.operator)
    push()
    shopper.change("starter", "analytics")
    assert api.current(people.home).monthly_excl_vat == Decimal("128.00")


def test_what_is_used_beyond_the_new_plan_is_said(shopper, people):
    shopper.buy("pro")
    with public_context():
        slot = slot_of("ai_tokens")
        mine = {"tenant_id": people.home.id, "meter": "ai_tokens", "period": slot.period, "hour": slot.hour}
        QuotaCounter.objects.update_or_create(**mine, defaults={"used": 2_000_000})
    found = api.preview(people.home, Choice("starter")).exceeded
    said = {gauge.key: (gauge.used, gauge.limit) for gauge in found}
    assert said == {"seats": (4, 3), "ai_tokens": (2_000_000, 1_000_000)}, (
        "what stands is counted, not taken from counters"
    )


def code(people, name, **coupon):
    with public_context():
        added = discounts.coupon_add(name=name, code=name.lower(), actor=people.operator, **coupon)
        discounts.code_add(coupon=added.code, code=name, max_redemptions=None, actor=people.operator)
    push()


def test_a_code_is_had_once_and_takes_no_other_s_place(shopper, people):
    code(people, "MOITIE", percent_off=Decimal(50), duration="once")
    code(people, "FIDELE", percent_off=Decimal(40), duration="forever")
    shopper.buy("pro")
    shopper.change("pro", code="moitie")
    with pytest.raises(ValidationError, match="court déjà"):
        shopper.change("pro", code="FIDELE")
    shopper.pass_days(32)
    assert api.current(people.home).discount == ""
    with pytest.raises(ValidationError, match="déjà eu"):
        shopper.change("pro", code="MOITIE")
    shopper.change("pro", code="FIDELE")
    assert api.current(people.home).monthly_excl_vat == Decimal("89.40")


def test_a_code_is_not_lost_with_a_change_that_was_refused(shopper, people):
    code(people, "MOITIE", percent_off=Decimal(50), duration="forever")
    shopper.buy("starter")
    shopper.card(REFUSED)
    _shown, made = shopper.change("scale", code="MOITIE")
    assert made.pay_url
    shopper.card("4242 4242 4242 4242")
    shown, made = shopper.change("scale", code="MOITIE")
    assert made.done
    assert api.current(people.home).monthly_excl_vat == Decimal("174.50")
    assert shown.due_now_incl_vat < 250


def test_who_asked_for_a_change_that_waits_is_written_down(shopper):
    shopper.buy("starter")
    shopper.card(REFUSED)
    shopper.change("scale")
    assert AuditEntry.objects.get(action="subscription.change_asked").actor == shopper.actor.email
