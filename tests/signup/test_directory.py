"""Find my workspaces: by mail only, from an index without addresses."""

import pytest
from django.db import connection

from accounts.models import Role, User
from accounts.services import record_address_change, user_create
from mailing.models import OutboxMessage
from signup import directory, limits
from signup.models import KnownAddress
from tenants.context import public_context, tenant_context
from tests.outbox import drained
from tests.people import PASSWORD

FIND = "/mes-espaces/"


@pytest.fixture
def indexed(people):
    """The index of everybody."""
    assert directory.rebuild() >= 8


def found_by(address):
    return [tenant.slug for tenant in directory.workspaces_of(address)]


def test_an_address_finds_its_workspaces_however_it_is_written(people, indexed):
    assert found_by(" Member@Atelier.TEST ") == ["atelier", "voisine"]
    assert found_by("owner@voisine.test") == ["voisine"]
    assert found_by("nobody@atelier.test") == found_by(people.operator.email) == []


def test_the_index_holds_no_address(people, indexed):
    with public_context(), connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(row::text, ' ') FROM signup_knownaddress AS row")
        assert "@" not in cursor.fetchone()[0]


def test_the_index_follows_new_people_and_new_addresses(people):
    with tenant_context(people.home):
        user = user_create(email="lea@atelier.test", password=PASSWORD, role=Role.MEMBER)
    drained()
    assert found_by("lea@atelier.test") == ["atelier"]
    with tenant_context(people.home):
        User.objects.filter(pk=user.pk).update(email="lea@rive.test")
        record_address_change(user=user)
    drained()
    assert found_by("lea@rive.test") == ["atelier"] and found_by("lea@atelier.test") == []


def test_a_person_without_access_is_not_listed_even_before_the_index_follows(people, indexed):
    with tenant_context(people.away):
        User.objects.filter(email="member@atelier.test").update(is_active=False)
    assert found_by("member@atelier.test") == ["atelier"]


def test_a_deleted_workspace_leaves_the_index(people, indexed):
    directory.workspace_deleting(people.away)
    with public_context():
        assert not KnownAddress.objects.filter(tenant_id=people.away.id).exists()
    assert found_by("member@atelier.test") == ["atelier"]


def test_the_list_is_mailed_and_the_page_says_the_same_to_everybody(people, indexed, client_for, on_commit):
    client = client_for(None, host="localhost")
    pages = []
    for address in ("member@atelier.test", "nobody@atelier.test"):
        with on_commit(execute=True):
            answer = client.post(FIND, {"email": address})
        assert answer.status_code == 200 and "Voisine" not in answer.content.decode()
        pages.append(answer.content.decode().split("<main")[1].split("</main>")[0].replace(address, ""))
        directory.send_workspaces(address, "fr")
    assert pages[0] == pages[1]
    with public_context():
        (mail,) = OutboxMessage.objects.filter(to__0__in=["member@atelier.test", "nobody@atelier.test"])
    assert "http://atelier.localhost" in mail.text and "http://voisine.localhost" in mail.html
    assert mail.tenant_id is None


def test_searches_are_limited_by_mailbox(client_for):
    client = client_for(None, host="localhost")
    statuses = [client.post(FIND, {"email": "x@y.test"}).status_code for _ in range(limits.PER_MAILBOX + 1)]
    assert statuses == [200] * limits.PER_MAILBOX + [429]


def test_the_sign_in_page_of_the_public_host_leads_there(client_for):
    page = client_for(None, host="localhost").get("/accounts/login/").content.decode()
    assert f'href="{FIND}"' in page
    assert FIND not in client_for(None).get("/accounts/login/").content.decode()
