"""Leaving, what is offered first, and coming back."""

from datetime import timedelta
from decimal import Decimal

import pytest
import stripe
from django.core.exceptions import ValidationError
from django.utils import timezone

from billing import api
from billing.models import Cancellation
from tenants.context import public_context
from tests.billing.stripe.conftest import push, state
from tests.billing.stripe.shopper import Shopper


@pytest.fixture
def shopper(fake, people) -> Shopper:
    push()
    one = Shopper(fake, people)
    one.address()
    return one


def leave(shopper, reason="too_expensive", offer=""):
    told = {"reason": reason, "comment": "Trop cher pour nous.", "offer": offer}
    return api.cancel(shopper.tenant, **told, actor=shopper.actor)


def outcomes() -> list[tuple[str, str]]:
    with public_context():
        return [(row.reason, row.outcome) for row in Cancellation.objects.order_by("id")]


def test_leaving_ends_with_what_is_paid_for(shopper, people):
    shopper.buy("pro")
    ends = leave(shopper)
    assert ends is not None and ends > timezone.now() + timedelta(days=27)
    now = api.current(people.home)
    assert (now.ends, now.is_live, state(people)) == (True, True, "active")
    told = stripe.Subscription.list(limit=1).data[0].cancellation_details
    assert (told.feedback, told.comment) == ("too_expensive", "Trop cher pour nous.")
    assert outcomes() == [("too_expensive", "cancelled")]
    with pytest.raises(ValidationError, match="déjà fin"):
        leave(shopper)
    assert outcomes() == [("too_expensive", "cancelled")]
    shopper.pass_days(33)
    assert state(people) == "closed"


def test_coming_back_before_the_end(shopper, people):
    shopper.buy("pro", "analytics", interval="year")
    ends = leave(shopper, "unused")
    assert ends is not None and ends > timezone.now() + timedelta(days=360), "the year's end, not the option's month"
    api.resume(people.home, actor=people.owner)
    assert api.current(people.home).ends is False
    assert outcomes() == [("unused", "resumed")]
    api.resume(people.home, actor=people.owner)
    shopper.pass_days(40)
    assert state(people) == "active"


def test_what_is_offered_follows_the_reason(shopper, people):
    assert api.counter_offer(people.home, "too_expensive") is None, "nothing to leave yet"
    shopper.buy("pro")
    offer = api.counter_offer(people.home, "too_expensive")
    assert offer is not None
    assert (offer.kind, offer.code, offer.saves_excl_vat) == ("coupon", "fidelite", Decimal("29.80"))
    cheaper = api.counter_offer(people.home, "unused")
    assert cheaper is not None and (cheaper.kind, cheaper.code, cheaper.saves_excl_vat) == ("plan", "starter", 50)
    talk = api.counter_offer(people.home, "low_quality")
    assert talk is not None and talk.kind == "talk"


def test_staying_with_the_offer_takes_it_off_and_only_once(shopper, people):
    shopper.buy("pro")
    told = {"reason": "too_expensive", "comment": "", "actor": people.owner}
    api.offer_accept(people.home, "fidelite", **told)
    now = api.current(people.home)
    assert (now.discount, now.ends, now.monthly_excl_vat) == ("Fidélité", False, Decimal("119.20"))
    assert outcomes() == [("too_expensive", "kept")]
    assert api.counter_offer(people.home, "too_expensive") is None
    with pytest.raises(ValidationError, match="plus disponible"):
        api.offer_accept(people.home, "fidelite", **told)
    assert api.next_payment(people.home).amount_excl_vat == Decimal("119.20")


def test_a_coupon_that_nobody_offered_is_not_given(shopper, people):
    shopper.buy("pro", interval="year")
    assert api.counter_offer(people.home, "too_expensive") is None, "three months off a year's price are nothing"
    with pytest.raises(ValidationError):
        api.offer_accept(people.home, "fidelite", reason="too_expensive", comment="", actor=people.owner)
    assert api.current(people.home).discount == ""
    assert outcomes() == []


@pytest.mark.parametrize("reason", ["", "because"])
def test_a_reason_is_asked_for(shopper, people, reason):
    shopper.buy("pro")
    with pytest.raises(ValidationError):
        leave(shopper, reason)
    assert api.returned(people.home).ends is False
    assert outcomes() == []


def test_nobody_leaves_what_they_have_not(shopper, people):
    with pytest.raises(ValidationError, match="pas d’abonnement"):
        leave(shopper)
    assert outcomes() == []
