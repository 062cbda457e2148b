"""Acceptance of the terms of sale on the order's page; every version stays public."""

import re

import pytest
import stripe
from django.conf import settings

from billing import terms
from billing.models import TermsAcceptance
from billing.subscription_types import Choice
from tenants.context import public_context
from tests.billing.stripe.conftest import push
from tests.billing.stripe.shopper import Shopper
from tests.modules import register
from tests.stripe_fake.shop import PERSON, visit

ORDER = "/settings/plan/checkout/?plan=pro&interval=year&all=1"


@pytest.fixture
def shopper(fake, people, monkeypatch) -> Shopper:
    register(monkeypatch)
    push()
    new_shopper = Shopper(fake, people)
    new_shopper.address()
    return new_shopper


@pytest.fixture
def owner(client_for, people):
    return client_for(people.owner)


def fields(page: str) -> dict[str, str]:
    """What a browser sends of the page's form once the box is ticked."""
    match = re.search(r'name="version" value="([^"]+)"', page)
    return {"accept": "on", **({"version": match[1]} if match else {})}


def test_checkbox_is_unticked_and_links_to_the_terms(shopper, owner):
    page = owner.get(ORDER).content.decode()
    box = re.search(r'<input[^>]*name="accept"[^>]*>', page)
    assert box is not None and "checked" not in box[0] and "required" in box[0]
    assert f"//{settings.BASE_HOST}" in page and "/conditions/1/" in page and "/confidentialite/" in page


def test_order_without_acceptance_is_refused(shopper, owner):
    for sent in ({}, {"version": str(terms.current().pk)}):  # type: ignore[union-attr]
        answer = owner.post(ORDER, sent)
        assert answer.status_code == 422 and answer.context["choice"] == Choice("pro", "year")
        assert "acceptez les conditions" in answer.content.decode()
    assert stripe.checkout.Session.list().data == []
    with public_context():
        assert not TermsAcceptance.objects.exists()


def test_version_published_meanwhile_must_be_accepted(shopper, owner):
    sent = fields(owner.get(ORDER).content.decode())
    terms.publish(text="Nouvelles conditions.", label="test")
    answer = owner.post(ORDER, sent, follow=True)
    assert answer.request["PATH_INFO"] == "/settings/plan/checkout/"
    assert answer.context["choice"] == Choice("pro", "year")
    assert "viennent de changer" in " ".join(str(message) for message in answer.context["messages"])
    assert "/conditions/2/" in answer.content.decode()
    assert stripe.checkout.Session.list().data == []
    again = owner.post(ORDER, fields(answer.content.decode()), REMOTE_ADDR="198.51.100.7")
    assert again.url.startswith(shopper.fake.url) and visit(again.url, do="pay", **PERSON).status == 303
    with public_context():
        [row] = TermsAcceptance.objects.select_related("terms")
    assert (row.terms.number, row.origin) == (2, "198.51.100.7")


def test_change_requires_acceptance_of_a_new_version_only(shopper, owner):
    shopper.buy("starter")
    change = "/settings/plan/change/?plan=pro&all=1"
    page = owner.get(change).content.decode()
    assert 'name="accept"' not in page and "/conditions/" in page
    terms.publish(text="Nouvelles conditions.", label="test")
    page = owner.get(change).content.decode()
    at = re.search(r'name="at" value="(\d+)"', page)
    assert at is not None and 'name="accept"' in page
    refused = owner.post(change, {"at": at[1]})
    assert refused.status_code == 422 and "acceptez les conditions" in refused.content.decode()
    changed = owner.post(change, {"at": at[1], **fields(page)}, follow=True)
    assert "Le changement est fait." in " ".join(str(message) for message in changed.context["messages"])


def test_version_shown_after_a_refusal_is_the_accepted_one(shopper, owner):
    """What is sent with a box that was ticked for another version asks anew, its box not ticked."""
    shopper.buy("starter")
    change = "/settings/plan/change/?plan=pro&all=1"
    terms.publish(text="Nouvelles conditions.", label="test")
    page = owner.get(change).content.decode()
    at, old = re.search(r'name="at" value="(\d+)"', page)[1], fields(page)
    terms.publish(text="Encore nouvelles.", label="test")
    refused = owner.post(change, {"at": at, **old}, follow=True).content.decode()
    assert "/conditions/3/" in refused and fields(refused)["version"] == str(terms.current().pk)
    assert "checked" not in re.search(r'<input[^>]*name="accept"[^>]*>', refused)[0]
    changed = owner.post(change, {"at": at, **fields(refused)}, follow=True)
    assert "Le changement est fait." in " ".join(str(message) for message in changed.context["messages"])


def test_every_version_stays_readable(client_for, people):
    public = client_for(None, host=settings.BASE_HOST)
    first = terms.current()
    assert first is not None
    terms.publish(text="## Un titre\n\n<b>Nouvelles</b> conditions.", label="test")
    now = public.get("/conditions/").content.decode()
    assert "<h2>Un titre</h2>" in now and "&lt;b&gt;Nouvelles" in now and "à compléter" not in now
    old = public.get(f"/conditions/{first.number}/").content.decode()
    assert "version plus récente" in old and "Modèle à compléter" in old
    for number in (0, 99, 2**31, 10**30):
        assert public.get(f"/conditions/{number}/").status_code == 404
