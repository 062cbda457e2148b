"""A workspace whose schema lacks a migration of this code: a plain page, no job, and nothing is touched."""

import pytest
from django.db import connection

from accounts.models import User
from tenants import queue, selectors
from tenants.context import public_context, tenant_context
from tenants.fleet import applied
from tenants.fleet.applied import WorkspaceBehind
from tenants.models import Tenant


@pytest.fixture
def behind(people) -> str:
    """`home` as it stands while the last migration of its library is still to come; its digest."""
    keys = applied.read(people.home.schema_name)
    lacks = keys - {max(key for key in keys if key[0] == "library")}
    with public_context(), connection.cursor() as cursor:
        digest = applied.remember_set(cursor, lacks)
        applied.remember(cursor, people.home.schema_name, digest)
    selectors.forget_hosts(people.home.id)
    return digest


def test_its_people_see_a_plain_page_and_when_to_come_again(people, client_for, behind):
    for path in ("/", "/conversations/", "/library/", "/accounts/login/"):
        answer = client_for(people.owner).get(path)
        assert (answer.status_code, answer["Retry-After"]) == (503, "60")
        assert "Cet espace est mis à jour" in answer.content.decode()
    assert client_for(people.stranger).get("/library/").status_code == 200
    assert client_for(people.operator).get("/admin/").status_code == 200


def test_nothing_is_written_in_it(people, client_for, behind):
    before = User.objects.count()
    answer = client_for(people.owner).post("/conversations/", {"text": "hello"})
    assert answer.status_code == 503 and User.objects.count() == before


def count_people() -> int:
    return User.objects.count()


def test_its_jobs_wait_until_it_is_brought_up_to_date(people, behind):
    name = f"{__name__}.count_people"
    with pytest.raises(WorkspaceBehind):
        queue.run(name=name, tenant_id=str(people.home.id), arguments={})
    assert queue.run(name=name, tenant_id=str(people.away.id), arguments={}) > 0
    with public_context(), connection.cursor() as cursor:
        applied.remember(cursor, people.home.schema_name, applied.digest_of(applied.read(people.home.schema_name)))
    assert queue.run(name=name, tenant_id=str(people.home.id), arguments={}) > 0


def test_what_is_ahead_of_this_code_is_not_behind(people):
    """While a new code is being started, the one before still serves."""
    keys = applied.read(people.home.schema_name) | {("library", "9999_of_tomorrow")}
    with public_context(), connection.cursor() as cursor:
        digest = applied.remember_set(cursor, keys)
        applied.remember(cursor, people.home.schema_name, digest)
    assert not applied.is_behind(selectors.tenant_ref(people.home.id))


def test_a_row_that_does_not_know_is_answered_by_the_schema(people):
    with public_context():
        Tenant.objects.filter(pk=people.home.id).update(applied="")
    assert not applied.is_behind(selectors.tenant_ref(people.home.id))


def test_a_digest_is_looked_up_once(people, behind, django_assert_num_queries):
    ref = selectors.tenant_ref(people.home.id)
    with tenant_context(ref):
        applied._is_usable.pop(behind, None)
        with django_assert_num_queries(1):
            assert applied.is_behind(ref)
        with django_assert_num_queries(0):
            assert applied.is_behind(ref)


def test_a_squashed_migration_counts_for_those_it_replaces(monkeypatch):
    disk = {("library", "0001_initial"): frozenset(), ("library", "0002_squashed"): frozenset({("library", "0002_a")})}
    monkeypatch.setattr(applied, "_disk", lambda: disk)
    assert applied.lacking({("library", "0001_initial"), ("library", "0002_a")}) == set()
    assert applied.lacking({("library", "0001_initial"), ("library", "0002_squashed")}) == set()
    assert applied.lacking({("library", "0001_initial")}) == {("library", "0002_squashed")}
