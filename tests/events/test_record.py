"""Recording: in the context and the transaction of the act, one statement, nothing after a rollback."""

import pytest
from django.db import ProgrammingError, connection, transaction

from events import services
from events.catalogue import MemberSignedIn, WorkspaceDeleted
from events.facts import Unfit
from events.models import Delivery, StoredFact
from tenants import bell
from tenants.context import NoTenant, no_context, public_context, schema_context, tenant_context
from tenants.ids import new_id
from tests.events import consumers
from tests.outbox import drained


def rows():
    return StoredFact.objects.count(), Delivery.objects.count()


def test_a_fact_and_its_deliveries_are_one_statement(consume, signed_in, people, django_assert_num_queries):
    consume("take", "writes")
    before = rows()
    with django_assert_num_queries(1):
        key = signed_in()
    assert rows() == (before[0] + 1, before[1] + 2)
    stored = StoredFact.objects.get(pk=key)
    assert (stored.tenant_id, stored.name, stored.version) == (people.home.id, "member.signed_in", 1)
    assert (stored.subject_id, stored.actor_id, stored.data) == (people.member.pk, people.member.pk, {})


def test_a_fact_that_nobody_consumes_is_kept_and_asks_for_nothing(consume, signed_in, on_commit):
    consume()
    before = rows()
    with on_commit() as hooks:
        signed_in()
    assert rows() == (before[0] + 1, before[1]) and hooks == []


def test_a_fact_in_public_is_the_platforms_own(consume):
    consume("take")
    with public_context():
        key = services.record(WorkspaceDeleted(subject_id=new_id()))
    assert StoredFact.objects.get(pk=key).tenant_id is None
    drained()
    ((place, event),) = consumers.given
    assert (place, event.id, event.tenant_id) == ("public", key, None)


def test_without_a_context_it_is_an_error(people):
    for context in (no_context(), schema_context(people.home.schema_name)):
        with context, pytest.raises(NoTenant):
            services.record(MemberSignedIn(subject_id=people.member.pk))


@pytest.mark.committed
def test_without_a_transaction_it_is_an_error(people):
    before = rows()
    with pytest.raises(RuntimeError):
        services.record(MemberSignedIn(subject_id=people.member.pk))
    assert rows() == before


def test_a_value_that_does_not_fit_leaves_nothing(people):
    before = rows()
    with pytest.raises(Unfit):
        services.record(MemberSignedIn(subject_id="un texte"))  # type: ignore[arg-type]
    assert rows() == before


def test_a_rollback_leaves_nothing(consume, signed_in, on_commit):
    consume("take")
    before = rows()
    with on_commit() as hooks, pytest.raises(ZeroDivisionError), transaction.atomic():
        signed_in()
        raise ZeroDivisionError
    assert rows() == before and hooks == []
    assert drained() == 0 and consumers.given == []


def test_many_facts_of_one_transaction_ask_for_one_drain(consume, signed_in, on_commit, monkeypatch):
    rung = []
    monkeypatch.setattr(bell, "ring", rung.append)
    consume("take")
    connection.run_on_commit.clear()
    with on_commit(execute=True):
        for _ in range(5):
            with transaction.atomic():
                signed_in()
    assert rung == ["events.jobs.drain"]


def test_the_ask_of_a_savepoint_that_was_undone_is_made_again(consume, signed_in, on_commit, monkeypatch):
    rung = []
    monkeypatch.setattr(bell, "ring", rung.append)
    consume("take")
    connection.run_on_commit.clear()
    with on_commit(execute=True):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            signed_in()
            raise ZeroDivisionError
        signed_in()
    assert rung == ["events.jobs.drain"]


@pytest.mark.parametrize("statement", ["UPDATE {} SET name = 'x'", "DELETE FROM {}"])
def test_the_application_changes_no_fact(signed_in, statement):
    signed_in()
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        connection.cursor().execute(statement.format("events_storedfact"))


def test_each_workspace_has_its_own(consume, signed_in, people):
    consume("take")
    here = signed_in()
    with tenant_context(people.away):
        there = signed_in(people.stranger)
    owners = dict(StoredFact.objects.filter(pk__in=[here, there]).values_list("pk", "tenant_id"))
    assert owners == {here: people.home.id, there: people.away.id}
