"""E-mail addresses are normalized before storage and comparison; sign-in returns to the page where a session ended."""

import pytest
from django.core.checks import Error
from django.db import IntegrityError, transaction

from accounts.addresses import plain_address
from accounts.services import user_create
from mailing.apps import sender_can_be_written


@pytest.mark.parametrize(
    ("typed", "normalized"),
    [
        (" Jean@Exemple.FR ", "jean@exemple.fr"),
        ("jean\u200b@exemple.fr\ufeff", "jean@exemple.fr"),
        ("jean@exem\u00adple.fr\u2060", "jean@exemple.fr"),
        ("jean@exa\u0308mple.de", "jean@ex\u00e4mple.de"),
        ("jean@xn--exmple-cua.de", "jean@ex\u00e4mple.de"),
        ("jean@xn--a-.de", "jean@xn--a-.de"),
        ("no address", "no address"),
    ],
)
def test_address_is_normalized(typed, normalized):
    assert plain_address(typed) == normalized


def test_same_mailbox_in_another_spelling_is_refused(people):
    user_create(email="jean@ex\u00e4mple.de", password="une-longue-phrase-42", role="member")
    for again in ("jean@exa\u0308mple.de", "jean@xn--exmple-cua.de", "JEAN\u200b@ex\u00e4mple.de"):
        with pytest.raises(IntegrityError), transaction.atomic():
            user_create(email=again, password="une-longue-phrase-42", role="member")


def test_invalid_sender_setting_is_a_check_error(settings):
    assert sender_can_be_written() == []
    settings.DEFAULT_FROM_EMAIL = "Crêperie de l’Étang, SARL <ruche@exemple.fr>"
    (error,) = sender_can_be_written()
    assert isinstance(error, Error) and error.id == "ruche.E030"


@pytest.mark.parametrize(
    ("headers", "back"),
    [
        ({"referer": "http://HOST/library/?q=a"}, "/library/?q=a"),
        ({"referer": "http://evil.example/library/"}, "/"),
        ({"referer": "http://[broken"}, "/"),
        ({}, "/"),
    ],
)
def test_sign_in_after_an_expired_session_returns_to_the_form_page(people, client_for, headers, back):
    from urllib.parse import parse_qs, urlsplit

    host = people.home.domain
    headers = {name: value.replace("HOST", host) for name, value in headers.items()}
    client = client_for(None)
    plain = client.post("/conversations/new/", {"text": "Bonjour"}, headers=headers)
    assert parse_qs(urlsplit(plain["Location"]).query)["next"] == [back]
    current = {"hx-request": "true", **({"hx-current-url": headers["referer"]} if headers else {})}
    inside = client.post("/conversations/new/", {"text": "Bonjour"}, headers=current)
    assert inside.status_code == 401
    assert parse_qs(urlsplit(inside["HX-Redirect"]).query)["next"] == [back]
