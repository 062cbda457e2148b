"""The same e-mail in two workspaces is two people; what one workspace signs is worthless at the other."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import User
from mailing.models import OutboxMessage
from tenants import signing
from tenants.context import public_context, tenant_context
from tests.people import PASSWORD, TWIN_PASSWORD

EMAIL = "member@atelier.test"


def sign_in(host: str, password: str, client: Client | None = None) -> Client:
    client = client or Client(headers={"host": host})
    client.post("/accounts/login/", {"login": EMAIL, "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get("/conversations/").status_code == 200


def test_each_password_works_only_at_home(people):
    assert is_in(sign_in(people.home.domain, PASSWORD))
    assert is_in(sign_in(people.away.domain, TWIN_PASSWORD))
    assert not is_in(sign_in(people.home.domain, TWIN_PASSWORD))
    assert not is_in(sign_in(people.away.domain, PASSWORD))


def reset_link(host: str) -> str:
    client = Client(headers={"host": host})
    client.post("/accounts/password/reset/", {"email": EMAIL})
    mail = OutboxMessage.objects.order_by("-id").first()
    found = re.search(r"https?://([^/:]+)[^/]*(/accounts/password/reset/key/\S+/)", mail.text)
    assert found and found[1] == host, "the link is of the host that was asked"
    return found[2]


def set_password(host: str, link: str, password: str) -> None:
    client = Client(headers={"host": host})
    page = client.get(link, follow=True)
    path = page.redirect_chain[-1][0] if page.redirect_chain else link
    client.post(path, {"password1": password, "password2": password})


def test_a_reset_link_is_worthless_next_door_and_works_once_at_home(people):
    link = reset_link(people.home.domain)
    set_password(people.away.domain, link, "pris-par-le-voisin-1")
    assert not is_in(sign_in(people.away.domain, "pris-par-le-voisin-1"))
    assert is_in(sign_in(people.away.domain, TWIN_PASSWORD))
    set_password(people.home.domain, link, "nouveau-mot-de-passe-1")
    assert is_in(sign_in(people.home.domain, "nouveau-mot-de-passe-1"))
    set_password(people.home.domain, link, "une-seconde-fois-trop-1")
    assert not is_in(sign_in(people.home.domain, "une-seconde-fois-trop-1"))


def test_a_reset_token_is_bound_even_for_the_same_key(people):
    """Were a user copied with key and hash into another workspace, its token would still not open there."""
    from accounts.tokens import TenantTokenGenerator

    generator = TenantTokenGenerator()
    user = User.objects.get(email=EMAIL)
    token = generator.make_token(user)
    assert generator.check_token(user, token)
    with tenant_context(people.away):
        assert not generator.check_token(user, token)


def test_a_confirmation_code_is_worthless_next_door(people, client_for):
    home = client_for(people.member)
    asked = home.post("/accounts/email/", {"action_add": "", "email": "neuf@atelier.test"})
    home.post(asked["Location"], {"password": PASSWORD, "next": "/accounts/email/"})
    code = re.search(r"^\s*([A-Z0-9]{3,}-?[A-Z0-9]{2,})\s*$", OutboxMessage.objects.order_by("-id").first().text, re.M)
    assert code, OutboxMessage.objects.order_by("-id").first().text
    away = client_for(people.twin)
    away.post("/accounts/confirm-email/", {"code": code[1]})
    with tenant_context(people.away):
        assert not EmailAddress.objects.filter(email="neuf@atelier.test").exists()
    home.post("/accounts/confirm-email/", {"code": code[1]})
    assert EmailAddress.objects.get(email="neuf@atelier.test").verified


def test_no_confirmation_link_exists_that_could_be_replayed(people):
    """allauth's signed link names a row by its number, and numbers are equal in both schemas: there is no such URL."""
    from allauth.account.models import EmailConfirmationHMAC

    key = EmailConfirmationHMAC(EmailAddress.objects.get(user=people.member)).key
    for host in (people.home.domain, people.away.domain):
        client = Client(headers={"host": host})
        assert client.get(f"/accounts/confirm-email/{key}/").status_code == 404
        assert client.post(f"/accounts/confirm-email/{key}/").status_code == 404


def test_a_csrf_cookie_of_one_host_is_not_set_for_another(people):
    answer = Client(headers={"host": people.home.domain}).get("/accounts/login/")
    assert answer.cookies["csrf"]["domain"] == "" and answer.cookies["csrf"]["path"] == "/"


def test_signed_values_are_bound_to_their_workspace_and_purpose(people):
    text = signing.sign("share", "x")
    assert signing.unsign("share", text) == "x"
    with pytest.raises(signing.BadSignature):
        signing.unsign("other", text)
    with tenant_context(people.away), pytest.raises(signing.BadSignature):
        signing.unsign("share", text)
    with public_context(), pytest.raises(signing.BadSignature):
        signing.unsign("share", text)
