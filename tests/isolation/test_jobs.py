"""A job runs in the workspace it was asked for in, starting from no context at all."""

from uuid import uuid4

import pytest
from django.db import connection, transaction

from accounts.models import Role, User
from tenants import context, queue
from tenants.context import NoTenant, public_context, schema_context, tenant_context
from tenants.models import Tenant
from tests.isolation.test_context import HERE, THERE, owner, raw_owner

NAME = f"{__name__}.look"


def look(word: str = "") -> tuple[str, str]:
    found = context.peek()
    return (found.slug if isinstance(found, context.TenantRef) else found.schema_name), word


def owner_there() -> str:
    return User.objects.get(role=Role.OWNER).email


def run(tenant, name: str = NAME, **arguments: str):
    return queue.run(name=name, tenant_id=str(tenant.id) if tenant else None, arguments=arguments)


def test_it_enters_its_own_workspace_wherever_the_worker_stood(people):
    with tenant_context(people.away):
        assert run(people.home, word="x") == ("atelier", "x")
        assert run(people.home, f"{__name__}.owner_there") == HERE
        assert run(None) == ("public", "")
        assert owner() == THERE


def test_it_carries_the_workspace_it_was_asked_for_in(people, on_commit, monkeypatch):
    asked = []
    monkeypatch.setattr(queue, "_push", lambda name, tenant_id, arguments: asked.append((name, tenant_id)))
    with on_commit(execute=True):
        queue.enqueue(NAME)
        with tenant_context(people.away):
            queue.enqueue(NAME)
        with public_context():
            queue.enqueue(NAME)
    assert asked == [(NAME, str(people.home.id)), (NAME, str(people.away.id)), (NAME, None)]


def test_an_act_undone_asks_for_nothing(on_commit, monkeypatch):
    monkeypatch.setattr(queue, "_push", lambda *arguments: pytest.fail("asked"))
    with on_commit(execute=True), pytest.raises(ZeroDivisionError), transaction.atomic():
        queue.enqueue(NAME)
        raise ZeroDivisionError


def test_one_of_a_workspace_that_is_gone_touches_nothing():
    with pytest.raises(Tenant.DoesNotExist):
        queue.run(name=NAME, tenant_id=str(uuid4()), arguments={})


def test_a_failure_leaves_no_context_behind(people):
    with pytest.raises(TypeError):
        run(people.away, wrong="x")
    assert owner() == HERE


def test_it_reads_the_state_of_now_not_of_when_it_was_asked(people):
    with public_context():
        Tenant.objects.filter(pk=people.home.id).update(state="suspended")
    assert queue.run(name=f"{__name__}.state", tenant_id=str(people.home.id), arguments={}) == "suspended"


def state() -> str:
    return context.current_tenant().state


def test_a_bare_schema_has_no_cache_no_signature_and_no_workspace(people):
    with schema_context(people.home.schema_name):
        assert owner() == HERE
        for act in (context.scope_key, context.current_tenant):
            with pytest.raises(NoTenant):
                act()


def test_a_savepoint_taken_back_takes_no_path_with_it(people):
    with transaction.atomic():
        before = transaction.savepoint()
        with tenant_context(people.away):
            assert owner() == THERE
            inside = transaction.savepoint()
        assert owner() == HERE
        transaction.savepoint_rollback(inside)
        assert (raw_owner(), owner()) == (HERE, HERE)
        with tenant_context(people.away):
            transaction.savepoint_rollback(before)
            assert (raw_owner(), owner()) == (THERE, THERE)
    assert (raw_owner(), owner()) == (HERE, HERE)


@pytest.mark.committed
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_transaction_by_hand_ends_in_the_right_place(people, end):
    connection.set_autocommit(False)
    try:
        assert owner() == HERE
        with tenant_context(people.away):
            assert (owner(), raw_owner()) == (THERE, THERE)
            getattr(connection, end)()
        assert owner() == HERE
        connection.rollback()
    finally:
        connection.set_autocommit(True)
    assert (raw_owner(), owner()) == (HERE, HERE)
    with tenant_context(people.away):
        assert raw_owner() == THERE
