"""A real database made once from the baseline, two workspaces made once, everything of a test rolled back."""

import os
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import translation

from tenants.ids import new_id
from tests.people import People, assemble
from tests.servers import DATABASE, with_database
from tests.settings import PASSWORD_HASHERS

STATIC_FILES = "servestatic.middleware.ServeStaticMiddleware"
# Folders whose tests need no database of ours.
WITHOUT_DATABASE = ("providers", "run", "browser", "stripe_fake", "tax")


def _admin(sql: str) -> None:
    url = with_database(os.environ["DATABASE_ADMIN_URL"], "postgres")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.encode())


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[None]:
    """The test database: made from the baseline, dropped at the end."""
    from tenants.first_run import bring_up_to_date, seed_catalogue

    # pytest-django puts a backend of its own there; ours is what we test.
    settings.EMAIL_BACKEND = "mailing.backend.OutboxBackend"
    # Speaks only async, and reads the list of static files for each client: in a synchronous test client it costs every
    # request an event loop and two threads. Tests of a full process (tests/run, tests/live, tests/browser) have it.
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != STATIC_FILES]
    # Argon2 as in production, but at its smallest: a hash costs 0.2 s of a processor otherwise.
    settings.PASSWORD_HASHERS = PASSWORD_HASHERS
    # Most tests end answers without the process that would have made them: places would be held for a while.
    settings.ANSWERS_PER_PERSON = settings.ANSWERS_PER_WORKSPACE = 0
    role = connections["default"].settings_dict["USER"]
    owner = os.environ["DATABASE_OWNER_URL"].split("//")[1].split(":")[0]
    _admin(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')
    _admin(f'CREATE DATABASE "{DATABASE}" OWNER "{owner}"')
    assert role != owner
    with django_db_blocker.unblock():
        bring_up_to_date()
        seed_catalogue()
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        connection.close_pool()
    _admin(f'DROP DATABASE IF EXISTS "{DATABASE}" WITH (FORCE)')
    shutil.rmtree(settings.RUCHE_STATE_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def people(django_db_setup: None, django_db_blocker: Any) -> People:
    from events.models import Delivery
    from tenants.context import public_context

    with django_db_blocker.unblock():
        everybody = assemble()
        # Nothing follows from the facts of their making: tests find no deliveries but their own.
        with public_context():
            Delivery.objects.all().delete()
        return everybody


@pytest.fixture(autouse=True)
def in_workspace(request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test runs inside the workspace `home`, in a transaction that is rolled back.

    With the marker `committed` there is no transaction: the test cleans up after itself.
    """
    folder = Path(str(request.node.path)).relative_to(Path(__file__).parent).parts[0]
    if folder in WITHOUT_DATABASE:
        yield
        return
    from django.core.cache import cache

    from tenants.context import tenant_context

    people: People = request.getfixturevalue("people")
    blocker = request.getfixturevalue("django_db_blocker")
    # The client of the test before has left the language of its last request.
    translation.deactivate()
    with blocker.unblock(), tenant_context(people.home):
        _forget_cache(cache)
        if request.node.get_closest_marker("committed"):
            begun, before = new_id(), _rows_of_public()
            yield
            connections.close_all()
            _take_back_what_is_only_added(people, begun)
            left = {
                table: count - before[table] for table, count in _rows_of_public().items() if count != before[table]
            }
            assert left == {}, f"a committed test leaves rows in public, which tests after it find: {left}"
            return
        with transaction.atomic():
            yield
            transaction.set_rollback(True)


# Rows that an act leaves beside its own: deliveries of facts, mails, sequences of mails, figures of the day.
WRITTEN_BESIDE = (
    "events_delivery",
    "mailing_outboxmessage",
    "mailing_sequencemail",
    "mailing_sequencerun",
    "mailing_milestone",
    "analytics_dailyfigures",
    "analytics_activemember",
)
# Schemas come and go by themselves.
NOT_COUNTED = {"tenants_readyschema", "tenants_appliedset"}


def _rows_of_public() -> dict[str, int]:
    """Of each of our tables in public, how many rows it has."""
    from tenants.grants import models_of
    from tenants.sql import owner_transaction

    tables = {model._meta.db_table for model in models_of("public") if model._meta.app_label in settings.OWN_APPS}
    with owner_transaction() as owner:
        counts = " UNION ALL ".join(
            f"SELECT '{table}', count(*) FROM public.\"{table}\"" for table in sorted(tables - NOT_COUNTED)
        )
        return dict(owner.execute(counts.encode()).fetchall())


def _take_back_what_is_only_added(people: People, begun: uuid.UUID) -> None:
    """Lines of ledgers and logs that a test has committed, which no test can delete as the application."""
    from tenants.grants import models_of
    from tenants.sql import owner_transaction

    with owner_transaction() as owner:
        for schema in ("public", people.home.schema_name, people.away.schema_name):
            for model in models_of(schema):
                if getattr(model, "append_only", False):
                    # Keys are made of the time.
                    owner.execute(f'DELETE FROM "{schema}"."{model._meta.db_table}" WHERE id > %s'.encode(), [begun])
        for table in WRITTEN_BESIDE:
            owner.execute(f"DELETE FROM public.{table} WHERE id > %s".encode(), [begun])


def _forget_cache(cache: Any) -> None:
    from tenants import broadcast

    cache._cache.get_client(None, write=True).flushdb()
    broadcast.forget_here()


@pytest.fixture
def django_assert_num_queries(django_assert_num_queries: Any) -> Any:
    """As pytest-django's, with what the process keeps in memory believed: it is not for a while on a busy machine."""
    return _counting(django_assert_num_queries)


@pytest.fixture
def django_assert_max_num_queries(django_assert_max_num_queries: Any) -> Any:
    """See `django_assert_num_queries`."""
    return _counting(django_assert_max_num_queries)


def _counting(count: Any) -> Any:
    from tenants import broadcast

    def listened() -> None:
        until = time.monotonic() + 10
        while not broadcast.connected():
            assert time.monotonic() < until, "this process hears of no changes: what it remembers does not count"
            time.sleep(0.01)

    def counting(*arguments: Any, **named: Any) -> Any:
        listened()
        return count(*arguments, **named)

    # Before the test's own warming up, too: whoever begins to listen forgets everything.
    listened()
    return counting


@pytest.fixture
def client_for(people: People) -> Callable[..., Client]:
    """A client signed in as somebody, on their host (or on `host`); None: signed out, on `host` or at home."""
    from tenants.context import public_context, tenant_context

    def make(person: Any = None, *, host: str = "") -> Client:
        tenant = people.home if person is None else people.home_of(person)
        client = Client(headers={"host": host or (tenant.domain if tenant else settings.BASE_HOST)})
        if person is not None:
            with tenant_context(tenant) if tenant else public_context():
                client.force_login(person)
        return client

    return make


@pytest.fixture
def on_commit(django_capture_on_commit_callbacks: Any) -> Any:
    """`with on_commit(execute=True):` runs what the transaction would run at its commit."""
    return django_capture_on_commit_callbacks
