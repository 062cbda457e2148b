"""No context is an error; a context is that of its thread and task; roles keep the schemas apart."""

import asyncio
import random
import threading

import pytest
from asgiref.sync import sync_to_async
from django.core.cache import cache
from django.db import IntegrityError, connection, connections, transaction

from accounts.models import User
from tenants import context, queue, signing
from tenants.backend import path
from tenants.context import NoTenant, no_context, public_context, tenant_context
from tenants.models import Tenant
from tests.isolation.owners import HERE, THERE, owner, raw_owner


@pytest.mark.parametrize(
    "act",
    [
        lambda: User.objects.count(),
        lambda: Tenant.objects.count(),
        lambda: connection.cursor(),
        lambda: cache.get("x"),
        lambda: signing.sign("p", 1),
        lambda: queue.enqueue("x.y"),
    ],
    ids=["orm", "public-orm", "cursor", "cache", "signing", "job"],
)
def test_without_a_context_everything_is_refused(act):
    with no_context(), pytest.raises(NoTenant):
        act()


def test_contexts_nest_and_come_back_after_errors(people):
    assert owner() == HERE
    with pytest.raises(ValueError), tenant_context(people.away):
        assert owner() == THERE
        raise ValueError
    assert owner() == HERE
    with public_context(), tenant_context(people.away):
        assert owner() == THERE
    assert owner() == HERE


def test_cache_keys_do_not_meet(people):
    cache.set("k", "here")
    with tenant_context(people.away):
        assert cache.get("k") is None
    with public_context():
        assert cache.get("k") is None


@pytest.mark.committed
def test_a_new_thread_has_no_context():
    caught: list[BaseException] = []

    def work() -> None:
        try:
            User.objects.count()
        except BaseException as error:
            caught.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert [type(error) for error in caught] == [NoTenant]


@pytest.mark.committed
def test_async_code_carries_its_context(people):
    def work() -> str:
        try:
            return owner()
        finally:
            connections.close_all()

    async def both() -> list[str]:
        async def one(tenant: context.TenantRef) -> str:
            with tenant_context(tenant):
                await asyncio.sleep(0)
                return await sync_to_async(work, thread_sensitive=False)()

        return await asyncio.gather(*[one(tenant) for tenant in (people.home, people.away) * 10])

    assert asyncio.run(both()) == [HERE, THERE] * 10


def test_a_workspaces_tables_cannot_be_reached_from_public():
    from django.db import ProgrammingError

    from library.models import Item

    with public_context(), pytest.raises(ProgrammingError, match="does not exist"), transaction.atomic():
        Item.objects.count()


@pytest.mark.parametrize("field", [{"is_staff": True}, {"is_superuser": True}, {"role": "operator"}])
def test_nobody_is_an_operator_in_a_workspace(field):
    with pytest.raises(IntegrityError, match="no_operator_here"), transaction.atomic():
        User.objects.create_user("x@x.test", "x", **field)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE stray (id int)",
        "DROP TABLE accounts_user",
        "ALTER TABLE accounts_user ADD COLUMN x int",
        "CREATE SCHEMA stray",
        "UPDATE accounts_auditentry SET actor = ''",
        "DELETE FROM accounts_auditentry",
        "DELETE FROM billing_usageevent",
        "UPDATE assistants_price SET input = 0",
        "UPDATE django_migrations SET name = ''",
    ],
)
def test_the_application_may_not(sql):
    from django.db import ProgrammingError

    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def wander(people, rounds: int, wrong: list[str], seed: int) -> None:
    """Random acts in random workspaces; each read must be of the workspace in context."""
    dice = random.Random(seed)
    expected = {people.home.id: HERE, people.away.id: THERE}
    for _ in range(rounds):
        tenant = dice.choice([people.home, people.away])
        try:
            with tenant_context(tenant):
                if dice.random() < 0.3:
                    with transaction.atomic():
                        owner()
                        if dice.random() < 0.5:
                            with connection.cursor() as cursor:
                                cursor.execute("SELECT 1/0")
                if dice.random() < 0.2:
                    connection.close()
                    connection.ensure_connection()
                found = raw_owner() if connection.connection is not None and dice.random() < 0.5 else owner()
                if found != expected[tenant.id]:
                    wrong.append(found)
        except Exception as error:
            if "division by zero" not in str(error):
                wrong.append(repr(error))
    connections.close_all()


def eight_threads(people, rounds: int) -> list[str]:
    wrong: list[str] = []
    threads = [threading.Thread(target=wander, args=(people, rounds, wrong, seed)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


@pytest.mark.committed
def test_eight_threads_wander_and_none_reads_the_neighbour(people):
    assert eight_threads(people, 150) == []


@pytest.mark.committed
def test_the_wandering_would_see_a_leak(people, monkeypatch):
    """With our own guard taken away the same walk reads the wrong workspace: the test above can fail."""
    monkeypatch.setattr(path, "_is_current", lambda raw, known, wanted: bool(known.name))
    wrong = eight_threads(people, 60)
    monkeypatch.undo()
    connections.close_all()
    assert wrong
