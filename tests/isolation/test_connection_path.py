"""The path of a connection is the context's, whatever a transaction, a cursor or the pool may do to it."""

import time

import psycopg
import pytest
from django.db import IntegrityError, connection, connections, transaction

from accounts.models import Role, User
from tenants import context
from tenants.backend import path
from tenants.context import NoTenant, no_context, tenant_context
from tests.isolation.owners import HERE, OWNER, THERE, owner, raw_owner


def test_a_switch_inside_a_transaction_survives_its_rollback(people):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        with tenant_context(people.away):
            assert owner() == THERE
        raise ZeroDivisionError
    assert (owner(), raw_owner()) == (HERE, HERE)


def test_a_swallowed_error_inside_a_transaction(people):
    with transaction.atomic():
        with tenant_context(people.away):
            try:
                with transaction.atomic():
                    User.objects.create_user(THERE, "x")
            except IntegrityError:
                pass
            assert (owner(), raw_owner()) == (THERE, THERE)
        assert (owner(), raw_owner()) == (HERE, HERE)


@pytest.mark.committed
def test_a_commit_that_is_a_silent_rollback(people):
    """The measured leak: an error swallowed inside atomic() makes COMMIT a ROLLBACK, which undoes a SET."""
    with tenant_context(people.away), transaction.atomic():
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1/0")
        except Exception:
            pass
        connection.needs_rollback = False
    assert (owner(), raw_owner()) == (HERE, HERE)
    with tenant_context(people.away):
        assert (owner(), raw_owner()) == (THERE, THERE)


def test_an_iterator_keeps_to_the_schema_it_began_in(people):
    persons = User.objects.order_by("email").iterator(chunk_size=2)
    first = next(persons)
    with tenant_context(people.away):
        assert owner() == THERE
        rest = list(persons)
    assert {person.email.split("@")[1] for person in [first, *rest]} == {"atelier.test"}


def test_a_cursor_that_is_older_than_the_context(people):
    def read() -> str:
        cursor.execute("SELECT email FROM accounts_user WHERE role = 'owner'")
        return cursor.fetchone()[0]

    with connection.cursor() as cursor:
        assert read() == HERE
        with tenant_context(people.away):
            assert (read(), owner(), read()) == (THERE, THERE, THERE)
        assert read() == HERE
        with no_context(), pytest.raises(NoTenant):
            read()
        with tenant_context(people.away):
            owner()
        cursor.executemany("UPDATE accounts_user SET name = %s WHERE role = 'owner'", [["A"], ["B"]])
    assert User.objects.get(role=Role.OWNER).name == "B"
    with tenant_context(people.away):
        assert User.objects.get(role=Role.OWNER).name == ""


def test_a_handle_that_is_older_than_the_context(people):
    """The driver's own connection and cursors of it, kept by somebody."""

    def read() -> set[str]:
        cursor.execute(OWNER)
        return {cursor.fetchone()[0], raw.execute(OWNER).fetchone()[0], *[row[0] for row in cursor.stream(OWNER)]}

    raw = connection.connection
    with raw.cursor() as cursor:
        assert read() == {HERE}
        with tenant_context(people.away):
            assert read() == {THERE}
            with cursor.copy(f"COPY ({OWNER}) TO STDOUT") as copy:
                assert list(copy.rows()) == [(THERE,)]
            cursor.executemany(OWNER, [()], returning=True)
            assert cursor.fetchone() == (THERE,)
        assert read() == {HERE}
        with no_context(), pytest.raises(NoTenant):
            raw.execute(OWNER)


def test_a_servers_cursor_of_the_driver(people):
    with connection.connection.cursor("of_the_driver") as cursor:
        with tenant_context(people.away):
            cursor.execute(OWNER)
            there = cursor.fetchone()
        assert (owner(), there) == (HERE, (THERE,))


@pytest.fixture(params=["server that tells its path", "older server"])
def server(request, monkeypatch):
    """Both ways to know the path; every PostgreSQL from 18 on has the first."""
    if request.param == "older server":
        monkeypatch.setattr(path, "reported_path", lambda raw: None)
    elif connection.pg_version < 180000:
        pytest.skip("this server does not tell its path")


@pytest.mark.committed
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_transaction_of_the_drivers(people, server, end):
    """BEGIN and its end, of which Django hears nothing."""
    connection.ensure_connection()
    raw = connection.connection
    for _ in range(2):
        with raw.transaction(force_rollback=end == "rollback"):
            with tenant_context(people.away):
                assert owner() == THERE
            assert raw_owner() == HERE
        with raw.transaction():
            assert (raw_owner(), owner()) == (HERE, HERE)


@pytest.mark.committed
def test_a_transaction_in_sql(people, server):
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        with tenant_context(people.away):
            assert owner() == THERE
            cursor.execute("SAVEPOINT there")
        assert owner() == HERE
        cursor.execute("ROLLBACK TO SAVEPOINT there")
        assert (raw_owner(), owner()) == (HERE, HERE)
        cursor.execute("ROLLBACK")
        assert (raw_owner(), owner()) == (HERE, HERE)


@pytest.mark.committed
@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_raw_cursor_comes_first_in_a_transaction_by_hand(people, server, end):
    connection.set_autocommit(False)
    try:
        assert owner() == HERE
        with tenant_context(people.away):
            assert raw_owner() == THERE
            getattr(connection, end)()
            assert raw_owner() == THERE
        assert raw_owner() == HERE
        connection.rollback()
    finally:
        connection.set_autocommit(True)


@pytest.mark.committed
def test_the_path_is_set_before_a_transaction_begins(people, server):
    """So that no rollback undoes it."""
    assert owner() == HERE
    with tenant_context(people.away):
        with transaction.atomic():
            owner()
            transaction.set_rollback(True)
        shown = psycopg.Cursor(connection.connection).execute("SHOW search_path").fetchone()[0]
        assert shown.replace('"', "") == context.search_path().replace('"', "")


@pytest.mark.committed
def test_between_requests_a_connection_may_be_looked_at_without_a_context():
    connection.ensure_connection()
    connection.errors_occurred = True
    with no_context():
        assert connection.is_usable()
        connection.close_if_unusable_or_obsolete()
    assert owner() == HERE


@pytest.mark.committed
def test_a_connection_that_comes_from_the_pool_has_the_right_path(people):
    for _ in range(5):
        with tenant_context(people.away):
            assert owner() == THERE
            connection.close()
        connection.ensure_connection()
        assert raw_owner() == HERE
        connection.close()


class Aging:
    """A pool like ours whose connections grow old in a second."""

    LIFETIME = 1.0

    def __enter__(self):
        connections.close_all()
        connection.close_pool()
        self.options = connection.settings_dict["OPTIONS"]["pool"]
        connection.settings_dict["OPTIONS"]["pool"] = self.options | {"max_lifetime": self.LIFETIME}
        return self

    def __exit__(self, *error):
        connections.close_all()
        connection.close_pool()
        connection.settings_dict["OPTIONS"]["pool"] = self.options

    def backend(self) -> int:
        """The server process of a connection taken and given back."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            found = cursor.fetchone()[0]
        connection.close()
        return found


@pytest.mark.committed
def test_a_pooled_connection_does_not_outlive_its_time(people):
    """A backend's memory grows with every workspace it touches; its end gives it back."""
    assert 0 < connection.settings_dict["OPTIONS"]["pool"]["max_lifetime"] <= 3600
    with Aging() as pool:
        first = {pool.backend() for _ in range(10)}
        time.sleep(pool.LIFETIME * 1.1)
        for _ in range(10):
            pool.backend()
            time.sleep(0.02)
        later = {pool.backend() for _ in range(10)}
        assert first.isdisjoint(later)
        with tenant_context(people.away):
            assert owner() == THERE
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s)", [list(first)])
            assert cursor.fetchone() == (0,)
