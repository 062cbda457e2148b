"""A sign-in with a device that was not seen before is mailed; a first sign-in and a known device are not."""

import re

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts import devices
from accounts.models import User
from mailing.models import OutboxMessage
from tenants.context import public_context
from tests.people import PASSWORD

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


def sign_in(client: Client, person: User) -> None:
    answer = client.post("/accounts/login/", {"login": person.email, "password": PASSWORD})
    assert answer.status_code == 302 and client.cookies[settings.DEVICE_COOKIE_NAME]["httponly"]


def leave(client: Client) -> None:
    client.post("/accounts/logout/")


def browser(people, person=None) -> Client:
    host = settings.BASE_HOST if person == people.operator else people.home.domain
    return Client(headers={"host": host, "user-agent": FIREFOX})


def mails():
    return list(OutboxMessage.objects.filter(subject__contains="Nouvelle connexion").order_by("pk"))


@pytest.fixture
def seen(people):
    """The member has signed in before."""
    User.objects.filter(pk=people.member.pk).update(last_login=timezone.now())


def test_a_first_sign_in_is_not_new(people):
    User.objects.filter(pk=people.member.pk).update(last_login=None)
    client = browser(people)
    sign_in(client, people.member)
    leave(client)
    sign_in(client, people.member)
    assert mails() == [], "the second is on a device that is known"


def test_another_browser_is_mailed_once(people, seen):
    client = browser(people)
    sign_in(client, people.member)
    (mail,) = mails()
    assert (mail.to, mail.kind, mail.headers) == ([people.member.email], "transactional", {})
    assert "Firefox, Linux" in mail.text and "127.0.0.1" in mail.text and "Atelier" in mail.html
    path = re.search(rf"{people.home.domain}[^/]*(/accounts/\S+)", mail.text)[1]
    assert client.get(path).status_code == 200
    leave(client)
    sign_in(client, people.member)
    assert len(mails()) == 1
    sign_in(browser(people), people.member)
    assert len(mails()) == 2


def test_a_browser_is_known_for_each_person_by_itself(people, seen):
    User.objects.filter(pk=people.admin.pk).update(last_login=timezone.now())
    client = browser(people)
    for person in (people.member, people.admin, people.member, people.admin):
        sign_in(client, person)
        leave(client)
    assert [mail.to for mail in mails()] == [[people.member.email], [people.admin.email]]


@pytest.mark.parametrize("value", ["", "nonsense", "x" * 5_000, "home"])
def test_a_cookie_of_somebody_else_makes_no_device_known(people, seen, value):
    client = browser(people)
    if value == "home":
        from tenants import signing
        from tenants.context import tenant_context

        with tenant_context(people.away):
            value = signing.sign("accounts.device", [devices._mark(people.member)])
    client.cookies[settings.DEVICE_COOKIE_NAME] = value
    sign_in(client, people.member)
    assert len(mails()) == 1


def test_a_wrong_password_is_no_sign_in(people, seen):
    client = browser(people)
    client.post("/accounts/login/", {"login": people.member.email, "password": "faux"})
    assert mails() == [] and settings.DEVICE_COOKIE_NAME not in client.cookies


def test_operators_are_told_in_the_platforms_name(people):
    with public_context():
        User.objects.filter(pk=people.operator.pk).update(last_login=timezone.now())
        sign_in(browser(people, people.operator), people.operator)
        (mail,) = mails()
        assert mail.to == [people.operator.email] and "Atelier" not in mail.html
        assert f"http://localhost{settings.BASE_PORT}/accounts/password/change/" in mail.text


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0", "Edge, Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile Safari/604.1", "Safari, iPhone"),
        ("curl/8.5\r\n<b>", "curl/8.5b"),
        ("", "?"),
    ],
)
def test_a_device_is_named_in_words(agent, name):
    assert devices.name_of(agent) == name
