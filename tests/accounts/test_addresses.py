"""One mailbox is one person, however its address was typed or pasted; a page that ended a session leads back."""

import pytest
from django.core.checks import Error
from django.db import IntegrityError, transaction

from accounts.addresses import plain_address
from accounts.services import user_create
from mailing.apps import sender_can_be_written


@pytest.mark.parametrize(
    ("typed", "kept"),
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
def test_an_address_is_kept_plain(typed, kept):
    assert plain_address(typed) == kept


def test_the_same_mailbox_is_no_second_person(people):
    user_create(email="jean@ex\u00e4mple.de", password="une-longue-phrase-42", role="member")
    for again in ("jean@exa\u0308mple.de", "jean@xn--exmple-cua.de", "JEAN\u200b@ex\u00e4mple.de"):
        with pytest.raises(IntegrityError), transaction.atomic():
            user_create(email=again, password="une-longue-phrase-42", role="member")


def test_a_sender_that_no_mail_can_have_is_told_at_the_start(settings):
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
def test_whose_session_ended_comes_back_to_the_page_they_wrote_on(people, client_for, headers, back):
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
