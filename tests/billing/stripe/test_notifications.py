"""What the owners are told of their subscription: each fact once, with what one needs to act on it."""

import html
from datetime import UTC, datetime

import pytest
import stripe
from django.db import transaction
from django.urls import resolve

from billing.stripe.notifications import SubscriptionState, due_mails
from billing.stripe.sync import refresh
from mailing import notices
from mailing.models import OutboxMessage
from tenants import services
from tenants.context import public_context
from tenants.models import Tenant
from tenants.selectors import ref_of
from tests.billing.stripe.conftest import price_id, row, state

SINCE = datetime(2026, 3, 1, tzinfo=UTC)
NEW = SubscriptionState("", "", False, None, "trial")
ACTIVE = SubscriptionState("sub_a", "active", False, None, "active")
ENDING = ACTIVE._replace(ends=True)
LATE = ACTIVE._replace(status="past_due", past_due_since=SINCE, state="past_due")
CUT = LATE._replace(state="suspended")
UNPAID = CUT._replace(status="unpaid")
KEPT = ACTIVE._replace(status="canceled")
LEFT = KEPT._replace(state="closed")
LEFT_OWING = KEPT._replace(past_due_since=SINCE, state="suspended")
OTHER = ACTIVE._replace(stripe_id="sub_b")
INCOMPLETE = NEW._replace(stripe_id="sub_a", status="incomplete")


@pytest.mark.parametrize(
    ("was", "now", "letters"),
    [
        (NEW, ACTIVE, ["begun"]),
        (INCOMPLETE, ACTIVE, ["begun"]),
        (NEW, ENDING, ["begun", "cancelled"]),
        (LEFT, OTHER, ["begun"]),
        (UNPAID, OTHER, ["begun"]),
        (ACTIVE, ENDING, ["cancelled"]),
        (ENDING, ACTIVE, ["resumed"]),
        (ENDING, LATE._replace(ends=True), []),
        (LATE._replace(ends=True), ENDING, ["paid"]),
        (ACTIVE, KEPT, ["cancelled"]),
        (ENDING, KEPT._replace(ends=True), []),
        (ENDING, LEFT, ["ended"]),
        (KEPT, LEFT, ["ended"]),
        (ACTIVE, LATE, []),
        (LATE, CUT, ["suspended"]),
        (LATE, UNPAID, ["suspended"]),
        (ACTIVE, CUT, ["suspended"]),
        (CUT, UNPAID, []),
        (LATE, ACTIVE, ["paid"]),
        (UNPAID, ACTIVE, ["paid"]),
        (LATE, LEFT_OWING, ["suspended"]),
        (LEFT_OWING, KEPT, ["paid"]),
        (LEFT_OWING, LEFT, ["ended"]),
        # Closed by the operator's hand, which ends the subscription too.
        (ACTIVE._replace(state="closed"), LEFT, []),
        # Suspended by the operator's hand.
        (ACTIVE._replace(state="suspended"), ACTIVE._replace(state="suspended"), []),
        (NEW, NEW, []),
        (NEW, INCOMPLETE, []),
        *[(same, same, []) for same in (ACTIVE, ENDING, LATE, CUT, UNPAID, KEPT, LEFT, LEFT_OWING)],
    ],
)
def test_which_letters(was, now, letters):
    assert list(due_mails(was, now)) == letters


def sent(word):
    """The mails to owners whose subject has this in it, oldest first. What they are made of is no longer seen."""
    with public_context():
        found = list(OutboxMessage.objects.filter(subject__contains=word).order_by("pk"))
    for one in found:
        assert one.to == ["owner@atelier.test"]
        assert "{{" not in one.text + one.html and "{%" not in one.text + one.html
    return found


def follow(people, times=3):
    for _ in range(times):
        refresh(people.home.id)


def test_begun_says_what_and_how_much(buyer, fake, people):
    one = buyer(days_ago=1)
    coupon = stripe.Coupon.create(percent_off=20, duration="once", name="Bienvenue")
    items = [{"price": price_id("pro", "year")}, {"price": price_id("analytics", "year")}]
    made = stripe.Subscription.create(customer=one.customer, items=items)
    stripe.Subscription.modify(made.id, discounts=[{"coupon": coupon.id}])
    follow(people)
    (letter,) = sent("votre abonnement est ouvert")
    for said in (letter.text, letter.html):
        # As a reader's program draws it: white space between words is one blank.
        plain = " ".join(html.unescape(said).split())
        assert "à l’offre Pro" in plain and "Pro : 1 490,00 € HT par an" in plain
        assert "Statistiques avancées : 290,00 € HT par an" in plain and "Remise : Bienvenue" in plain
        assert f"Prochaine échéance le {row(people).period_end.day}" in plain
        assert "/settings/plan/" in plain


def test_what_was_never_paid_has_not_begun(buyer, fake, people):
    one = buyer()
    one.pay_with("pm_card_chargeCustomerFail")
    one.subscribe("pro")
    follow(people)
    assert sent("abonnement") == []
    one.pay()
    follow(people)
    assert len(sent("votre abonnement est ouvert")) == 1


def test_leaving_and_coming_back(buyer, fake, people):
    one = buyer(days_ago=3)
    key = one.subscribe("pro").id
    refresh(people.home.id)
    for number in (1, 2):
        stripe.Subscription.modify(key, cancel_at_period_end=True)
        follow(people)
        stripe.Subscription.modify(key, cancel_at_period_end=False)
        follow(people)
        assert (len(sent("est résilié")), len(sent("abonnement continue"))) == (number, number)
    letter = sent("est résilié")[0]
    assert "reprendre d’un clic" in letter.text and "/settings/plan/" in letter.html


def test_the_end(buyer, fake, people):
    one = buyer(days_ago=40)
    key = one.subscribe("pro").id
    stripe.Subscription.modify(key, cancel_at_period_end=True)
    refresh(people.home.id)
    one.pass_days(39)
    follow(people)
    assert state(people) == "closed"
    assert (len(sent("est résilié")), len(sent("est fermé"))) == (1, 1)
    assert "30 jours" in sent("est fermé")[0].text


def test_cut_then_paid(owing, fake, people):
    one = owing(14.2)
    follow(people)
    (cut,) = sent("faute de règlement")
    assert state(people) == "suspended"
    assert "/settings/plan/pay/" in cut.text and "/settings/plan/pay/" in cut.html and "60 jours" in cut.text
    one.pay()
    follow(people)
    (paid,) = sent("tout est réglé")
    assert "rouvert" in paid.text and state(people) == "active"


def test_late_then_paid(owing, fake, people):
    one = owing(2)
    follow(people)
    one.pay()
    follow(people)
    assert [len(sent(word)) for word in ("votre paiement", "faute de règlement", "tout est réglé")] == [1, 0, 1]
    assert "/settings/plan/pay/" in sent("votre paiement")[0].text
    assert "rouvert" not in sent("tout est réglé")[0].text


def test_the_operators_hand_is_named_as_such(buyer, fake, people):
    buyer().subscribe("pro")
    follow(people)
    services.tenant_suspend(tenant_id=people.home.id, reason="fraude", actor="operator@platform.test")
    follow(people)
    services.tenant_resume(tenant_id=people.home.id, reason="erreur", actor="operator@platform.test")
    follow(people)
    began, suspended, reopened = sent("Espace Atelier")
    assert "ouvert" in began.subject and "lecture seule" in suspended.subject and "rouvert" in reopened.subject
    assert "fraude" not in suspended.text and "règlement" not in suspended.text


def test_what_is_undone_is_not_told(buyer, people):
    """The letter leaves with the row, or not at all."""
    buyer().subscribe("pro")
    with public_context(), transaction.atomic():
        refresh(people.home.id)
        transaction.set_rollback(True)
    assert sent("abonnement") == []
    follow(people)
    assert len(sent("abonnement")) == 1


def test_the_letter_of_an_ended_trial_leads_to_the_plans(people):
    with public_context():
        home = ref_of(Tenant.objects.get(pk=people.home.id))
        notices.send_trial_ended(home)
    for letter in sent("l’essai"):
        assert "/settings/plan/" in letter.text and "/settings/plan/" in letter.html
        assert "opérateur" not in letter.text


@pytest.mark.parametrize("path", ["/settings/plan/", "/settings/plan/pay/"])
def test_the_addresses_are_there(path):
    assert resolve(path, "config.urls_tenant")


def test_in_the_workspace_s_language(owing, fake, people):
    with public_context():
        Tenant.objects.filter(pk=people.home.id).update(language="en")
    one = owing(14.2)
    refresh(people.home.id)
    one.pay()
    refresh(people.home.id)
    with public_context():
        letters = list(OutboxMessage.objects.filter(to=["owner@atelier.test"]).order_by("pk"))
    assert len(letters) >= 2
    assert all('lang="en"' in letter.html for letter in letters[-2:])
