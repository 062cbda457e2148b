"""Which language a page speaks: the cookie's, else the person's, else the workspace's, else French."""

import pytest
from django.conf import settings

from accounts.models import User
from tenants import services

FRENCH, ENGLISH = "fr", "en"


@pytest.mark.parametrize("cookie", ["", FRENCH, ENGLISH, "xx"])
@pytest.mark.parametrize("person", ["", FRENCH, ENGLISH, "xx"])
@pytest.mark.parametrize("workspace", [FRENCH, ENGLISH])
def test_the_first_that_is_known_counts(people, client_for, cookie, person, workspace):
    services.change_identity(tenant_id=people.home.id, name="Atelier", language=workspace, brand_hue=None)
    User.objects.filter(pk=people.member.pk).update(language=person)
    client = client_for(people.member)
    if cookie:
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = cookie
    wanted = next(one for one in (cookie, person, workspace) if one in (FRENCH, ENGLISH))
    page = client.get("/")
    assert page["Content-Language"] == wanted
    assert f'<html lang="{wanted}"' in page.content.decode()


def test_who_has_not_signed_in_reads_the_workspaces(people, client_for):
    assert client_for(None).get("/accounts/login/")["Content-Language"] == FRENCH
    services.change_identity(tenant_id=people.home.id, name="Atelier", language=ENGLISH, brand_hue=None)
    assert client_for(None).get("/accounts/login/")["Content-Language"] == ENGLISH


def test_the_browsers_wish_is_not_guessed_from(people, client_for):
    page = client_for(None).get("/accounts/login/", headers={"accept-language": "en"})
    assert page["Content-Language"] == FRENCH
    assert client_for(None, host="localhost").get("/")["Content-Language"] == FRENCH


def test_a_choice_is_kept_by_a_cookie_of_this_host_alone(people, client_for):
    client = client_for(None)
    answer = client.post("/language/", {"language": ENGLISH, "next": "/accounts/login/"})
    cookie = answer.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (answer["Location"], cookie.value, cookie["domain"]) == ("/accounts/login/", ENGLISH, "")
    assert client.get("/accounts/login/")["Content-Language"] == ENGLISH


def test_one_request_does_not_speak_for_the_next(people, client_for):
    english = client_for(people.member)
    english.cookies[settings.LANGUAGE_COOKIE_NAME] = ENGLISH
    assert english.get("/")["Content-Language"] == ENGLISH
    assert client_for(people.owner).get("/")["Content-Language"] == FRENCH
