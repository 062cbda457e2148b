"""Handoff of a person from the public host to a workspace's: once, for a minute, there and nowhere else."""

from urllib.parse import urlsplit

import pytest

from accounts import handoff
from accounts.models import User
from tenants.breaker import quick_client
from tenants.context import tenant_context


def path_for(people, person):
    return urlsplit(handoff.handoff_url(people.home, person.pk)).path


def signed_in(client):
    return "_auth_user_id" in client.session


def test_a_handoff_signs_in_once(client_for, people):
    path = path_for(people, people.owner)
    first, second = client_for(None), client_for(None)
    answer = first.get(path)
    assert (answer.status_code, answer.url) == (302, "/")
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")
    assert first.session["_auth_user_id"] == str(people.owner.pk) and first.get("/").status_code == 200
    answer = second.get(path)
    assert answer.url == "/accounts/login/" and not signed_in(second)


def test_a_handoff_of_another_workspace_opens_nothing_and_stays_valid_at_home(client_for, people):
    path = path_for(people, people.owner)
    stranger = client_for(None, host=people.away.domain)
    assert stranger.get(path).url == "/accounts/login/"
    client = client_for(None)
    client.get(path)
    assert signed_in(client)


def test_a_handoff_ends_after_a_minute_and_is_stored_as_a_digest(client_for, people):
    token = path_for(people, people.owner).split("/")[-2]
    (key,) = [key for key in quick_client().keys("handoff:*") if quick_client().get(key) == str(people.owner.pk)]
    assert token not in key and 0 < quick_client().ttl(key) <= 60
    quick_client().delete(key)
    assert client_for(None).get(f"/accounts/handoff/{token}/").url == "/accounts/login/"


def test_a_handoff_of_a_deactivated_person_is_refused(client_for, people):
    path = path_for(people, people.member)
    with tenant_context(people.home):
        User.objects.filter(pk=people.member.pk).update(is_active=False)
    client = client_for(None)
    assert client.get(path).url == "/accounts/login/" and not signed_in(client)


def test_a_handoff_does_not_replace_who_is_signed_in(client_for, people):
    client = client_for(people.member)
    before = client.session["_auth_user_id"]
    assert client.get(path_for(people, people.owner)).url == "/"
    assert client.session["_auth_user_id"] == before


@pytest.mark.parametrize("method", ["head", "post"])
def test_only_get_uses_a_handoff_up(client_for, people, method):
    path = path_for(people, people.owner)
    client = client_for(None)
    assert getattr(client, method)(path).status_code == 405
    client.get(path)
    assert signed_in(client)
