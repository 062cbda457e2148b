"""Nobody orders without accepting the terms of sale in force; who did, which, when, from where and for what is kept."""

import hashlib
from importlib import import_module
from types import SimpleNamespace

import pytest
import stripe
from django.apps import apps
from django.core.exceptions import ValidationError

from accounts.models import AuditEntry
from billing import api, terms
from billing.models import TermsAcceptance, TermsVersion
from billing.subscription_types import AcceptedTerms, Choice
from tenants.context import public_context
from tenants.ids import new_id
from tests.billing.stripe.conftest import push
from tests.billing.stripe.shopper import ORIGIN, WHERE, Shopper


@pytest.fixture
def shopper(fake, people) -> Shopper:
    push()
    one = Shopper(fake, people)
    one.address()
    return one


def kept() -> list[TermsAcceptance]:
    with public_context():
        return list(TermsAcceptance.objects.select_related("terms").order_by("id"))


def test_an_order_keeps_who_when_which_and_from_where(shopper, people):
    shopper.buy("pro", "analytics", interval="year")
    [row] = kept()
    session = stripe.checkout.Session.list().data[0]
    in_force = terms.current()
    assert in_force is not None and in_force.sha256 == hashlib.sha256(in_force.text.encode()).hexdigest()
    assert (row.tenant_id, row.person_id, row.person) == (people.home.id, people.owner.pk, people.owner.email)
    assert (row.terms, row.sha256, row.origin) == (in_force, in_force.sha256, ORIGIN)
    assert (row.act, row.plan_code, row.interval, row.add_ons) == ("checkout", "pro", "year", "analytics")
    assert row.reference == session.id
    with public_context():
        entry = AuditEntry.objects.get(action="terms.accepted")
    assert (entry.actor, entry.target, entry.details["order"]) == (people.owner.email, people.home.slug, session.id)


@pytest.mark.parametrize(
    "accepted",
    [None, AcceptedTerms(None, ORIGIN), AcceptedTerms(new_id(), ORIGIN)],
    ids=["none", "no version", "unknown version"],
)
def test_without_acceptance_nothing_is_opened(shopper, accepted):
    with pytest.raises(ValidationError) as refused:
        api.checkout_url(shopper.tenant, Choice("pro"), actor=shopper.actor, accepted=accepted, **WHERE)
    assert refused.value.code == "terms"
    assert stripe.checkout.Session.list().data == [] and kept() == []


def test_what_stripe_refuses_leaves_no_acceptance(shopper):
    with pytest.raises(ValidationError):
        shopper.page(Choice("pro", "month", (), "NULLEPART"))
    assert kept() == []


def test_a_new_version_is_asked_for_at_the_next_change_and_then_no_more(shopper):
    shopper.buy("starter")
    assert terms.needs_acceptance(shopper.tenant) is False
    shopper.change("pro")
    assert len(kept()) == 1, "accepted when it was bought"
    second = terms.publish(text="Nouvelles conditions.", label="test")
    assert second.number == 2 and terms.needs_acceptance(shopper.tenant) is True
    choice = Choice("scale")
    shown = api.preview(shopper.tenant, choice)
    with pytest.raises(ValidationError) as refused:
        api.change(shopper.tenant, choice, at=shown.at, actor=shopper.actor)
    assert refused.value.code == "terms" and api.current(shopper.tenant).choice == Choice("pro")
    done = api.change(shopper.tenant, choice, at=shown.at, actor=shopper.actor, accepted=shopper.accepts())
    assert done.done and terms.needs_acceptance(shopper.tenant) is False
    assert [(row.act, row.terms.number) for row in kept()] == [("checkout", 1), ("change", 2)]


def test_an_older_version_is_not_enough(shopper):
    first = shopper.accepts()
    terms.publish(text="Nouvelles conditions.", label="test")
    with pytest.raises(ValidationError, match="viennent de changer"):
        api.checkout_url(shopper.tenant, Choice("pro"), actor=shopper.actor, accepted=first, **WHERE)
    assert kept() == []


def test_the_same_text_is_no_new_version():
    with public_context():
        before = TermsVersion.objects.count()
        latest = terms.current()
        assert latest is not None
        with pytest.raises(ValidationError, match="déjà le texte"):
            terms.publish(text=latest.text.replace("\n", "\r\n"), translation=latest.translation, label="test")
        for text in ("", " \n ", "é" * (terms.MAX_LENGTH + 1)):
            with pytest.raises(ValidationError, match="caractères au plus"):
                terms.publish(text=text, label="test")
        assert TermsVersion.objects.count() == before


def test_an_origin_that_is_no_address_is_kept_as_none(shopper):
    accepted = AcceptedTerms(shopper.accepts().version, "unknown, evil")
    api.checkout_url(shopper.tenant, Choice("pro"), actor=shopper.actor, accepted=accepted, **WHERE)
    assert [row.origin for row in kept()] == [None]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("## 1. Objet\nLe service est vendu au mois.\n\nFin.", ["# 1. Objet", "Le service est vendu au mois.", "Fin."]),
        ("Un.\n \n## 2. Prix", ["Un.", "# 2. Prix"]),
        ("Un.\r\nDeux.\r\n\r\n\r\nTrois.\n", ["Un.\nDeux.", "Trois."]),
        ("Avant.\n## Titre\n## Autre", ["Avant.", "# Titre", "# Autre"]),
        (
            "\ufeff## Un\n##\u00a0Deux\n  ### Trois\n##\tQuatre\n##\n#5 n’en est pas un",
            [
                "# Un",
                "# Deux",
                "# Trois",
                "# Quatre",
                "#5 n’en est pas un",
            ],
        ),
        ("", []),
    ],
)
def test_a_text_is_read_line_by_line(text, found):
    assert [("# " if block.is_heading else "") + block.text for block in terms.blocks(text)] == found


def test_a_deployment_by_migrations_alone_has_what_seeds_give():
    """No row of these tables can be taken away to see it made: the historical model is stood in for."""
    made = {}
    plans = SimpleNamespace(objects=SimpleNamespace(exists=lambda: True))
    versions = SimpleNamespace(objects=SimpleNamespace(exists=lambda: False, create=lambda **row: made.update(row)))
    history = SimpleNamespace(get_model=lambda _app, name: {"Plan": plans, "TermsVersion": versions}[name])
    publish = import_module("billing.migrations.0011_first_terms").publish
    with public_context():
        publish(history, None)
        seeded = terms.current()
        publish(apps, None)
        assert TermsVersion.objects.count() == 1
    assert made == {name: getattr(seeded, name) for name in made} and made.keys() > {"number", "text", "sha256"}
