"""Bots, floods, slugs while they are typed, and the proof of work."""

import base64
import json
import time

import pytest

from signup import limits, proof, slugs
from signup.forms import is_disposable
from tenants.context import public_context
from tests.signup.conftest import Stranger, mails, requests, solved

CHECK = "/inscription/adresse/"


def test_a_proof_is_accepted_once():
    payload = solved()
    assert proof.accept(payload) and not proof.accept(payload)


def test_a_forged_or_expired_proof_is_refused(monkeypatch):
    payload = json.loads(base64.b64decode(solved()))
    for changes in ({"number": payload["number"] + 1}, {"salt": "x?expires=99999999999"}, {"signature": "0" * 64}):
        assert not proof.accept(base64.b64encode(json.dumps(payload | changes).encode()).decode())
    genuine = base64.b64encode(json.dumps(payload).encode()).decode()
    with monkeypatch.context() as patched:
        later = time.time() + proof.LIFETIME_SECONDS + 1
        patched.setattr("signup.proof.time.time", lambda: later)
        assert not proof.accept(genuine)
    assert proof.accept(genuine)


@pytest.mark.parametrize("payload", ["", "x", "eyJ9", "W10=", "bnVsbA==", "é" * 10, "e30=", "A" * 2_000, "W1tbW1tb"])
def test_any_text_is_no_proof(payload):
    assert not proof.accept(payload)


@pytest.mark.parametrize(("make", "most"), [(lambda: "", limits.PER_ADDRESS[1]), (solved, limits.PER_ADDRESS[0])])
def test_an_address_of_origin_is_limited_more_strictly_without_a_proof(client_for, monkeypatch, make, most):
    monkeypatch.setattr("signup.proof.MAX_NUMBER", 20)
    stranger = Stranger(client_for(None, host="localhost"))
    statuses = [
        stranger.ask(email=f"z{number}@rive.test", slug=f"la-rive-{number}", proof=make()).status_code
        for number in range(most + 1)
    ]
    assert statuses == [302] * most + [429] and requests() == most
    assert mails(f"z{most}@rive.test") == 0
    other = Stranger(client_for(None, host="localhost"), ip="198.51.100.4")
    assert other.ask(email="z@rive.test", proof=make()).status_code == 302


def test_a_mailbox_is_limited_whatever_its_suffix(client_for):
    statuses = []
    for number in range(limits.PER_MAILBOX + 1):
        stranger = Stranger(client_for(None, host="localhost"), ip=f"198.51.100.{number}")
        statuses.append(stranger.ask(email=f"zoe+{number}@rive.test", slug=f"rive-{number}").status_code)
    assert statuses == [302] * limits.PER_MAILBOX + [429] and requests() == limits.PER_MAILBOX


def test_the_platform_is_limited(stranger, monkeypatch):
    monkeypatch.setattr(limits, "PER_PLATFORM", (0, 0))
    assert stranger.ask().status_code == 429 and requests() == mails() == 0


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("La Rive", "la-rive"),
        ("Atelier", "espace-atelier"),
        ("Admin", "espace-admin"),
        ("  42 Rue d’Été ", "rue-d-ete"),
        ("é", "espace-e"),
        ("日本", "espace"),
        ("", ""),
        ("x" * 100, "x" * 34),
    ],
)
def test_a_free_slug_is_suggested(name, slug, django_assert_max_num_queries):
    with public_context(), django_assert_max_num_queries(2):
        assert slugs.suggest(name) == slug


def test_the_slug_is_checked_while_it_is_typed(stranger):
    def look(trigger, **query):
        return stranger.client.get(CHECK, query, headers={"HX-Trigger-Name": trigger}).content.decode()

    assert "Libre : http://la-rive.localhost" in look("slug", slug="La-Rive")
    taken = look("slug", slug="atelier", workspace="La Rive")
    assert "déjà prise" in taken and "<b" in taken and "la-rive" in taken and "<input" not in taken
    assert 'value="la-rive"' in look("workspace", workspace="La Rive", slug="", suggested="")
    assert 'value="la-rive"' in look("workspace", workspace="La Rive", slug="la-ri", suggested="la-ri")
    # What a person typed stays.
    assert 'value="ma-rive"' in look("workspace", workspace="La Rive", slug="ma-rive", suggested="la-rive")


def test_looks_at_slugs_are_limited(stranger, monkeypatch):
    monkeypatch.setattr(limits, "CHECKS_PER_MINUTE", 1)
    stranger.client.get(CHECK, {"slug": "la-rive"})
    assert "Libre" not in stranger.client.get(CHECK, {"slug": "la-rive"}).content.decode()


@pytest.mark.parametrize(
    ("address", "is_refused"),
    [("a@mailinator.com", True), ("a@eu.mailinator.com", True), ("a@gmail.com", False), ("a@com", False)],
)
def test_disposable_mailboxes_are_known_with_their_subdomains(address, is_refused):
    assert is_disposable(address) is is_refused
