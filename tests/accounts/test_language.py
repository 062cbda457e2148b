"""Language of a page: from the cookie, else the user, else the workspace, else French."""

import pytest
from django.conf import settings

from accounts.models import User
from tenants import services

FRENCH, ENGLISH = "fr", "en"


@pytest.mark.parametrize("cookie", ["", FRENCH, ENGLISH, "xx"])
@pytest.mark.parametrize("person", ["", FRENCH, ENGLISH, "xx"])
@pytest.mark.parametrize("workspace", [FRENCH, ENGLISH])
def test_first_known_language_is_used(people, client_for, cookie, person, workspace):
    services.change_identity(tenant_id=people.home.id, name="Atelier", language=workspace, brand_hue=None)
    User.objects.filter(pk=people.member.pk).update(language=person)
    client = client_for(people.member)
    if cookie:
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = cookie
    expected = next(language for language in (cookie, person, workspace) if language in (FRENCH, ENGLISH))
    page = client.get("/")
    assert page["Content-Language"] == expected
    assert f'<html lang="{expected}"' in page.content.decode()


def test_anonymous_user_gets_the_language_of_the_workspace(people, client_for):
    assert client_for(None).get("/accounts/login/")["Content-Language"] == FRENCH
    services.change_identity(tenant_id=people.home.id, name="Atelier", language=ENGLISH, brand_hue=None)
    assert client_for(None).get("/accounts/login/")["Content-Language"] == ENGLISH


def test_accept_language_is_ignored(people, client_for):
    page = client_for(None).get("/accounts/login/", headers={"accept-language": "en"})
    assert page["Content-Language"] == FRENCH
    assert client_for(None, host="localhost").get("/")["Content-Language"] == FRENCH


def test_choice_is_stored_in_a_host_only_cookie(people, client_for):
    client = client_for(None)
    answer = client.post("/language/", {"language": ENGLISH, "next": "/accounts/login/"})
    cookie = answer.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (answer["Location"], cookie.value, cookie["domain"]) == ("/accounts/login/", ENGLISH, "")
    assert client.get("/accounts/login/")["Content-Language"] == ENGLISH


def test_language_of_a_request_does_not_leak_into_the_next(people, client_for):
    english = client_for(people.member)
    english.cookies[settings.LANGUAGE_COOKIE_NAME] = ENGLISH
    assert english.get("/")["Content-Language"] == ENGLISH
    assert client_for(people.owner).get("/")["Content-Language"] == FRENCH
