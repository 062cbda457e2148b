"""Errors, savepoints and ends of transactions: whatever may undo a SET."""

from uuid import uuid4

from django.db import DataError, IntegrityError, ProgrammingError, connection, transaction

from accounts.models import User
from library.models import Item
from tests.isolation.interleaving.registry import Planned, act
from tests.isolation.interleaving.visit import NAME, Visit, name, raw_name
from tests.isolation.interleaving.world import ITEMS


def fail(sql: str = "SELECT 1/0") -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@act(weight=15, anywhere=True)
def swallowed_in_a_savepoint(visit: Visit) -> None:
    with transaction.atomic():
        visit.look_there()
        try:
            with transaction.atomic():
                visit.look_there()
                User.objects.create(email="same@rows.test", name=visit.here.mark)
        except IntegrityError:
            pass
        visit.sees(visit.look(), raw_name())
        visit.add()
    visit.wrote("accounts_user")


@act(weight=15, anywhere=True)
def commit_that_is_a_rollback(visit: Visit) -> None:
    """An error swallowed inside atomic(): its COMMIT is a silent ROLLBACK, which takes a SET with it."""
    with visit.elsewhere(), transaction.atomic():
        visit.sees_there(name())
        with visit.here.inside():
            visit.add()
        try:
            fail()
        except DataError:
            connection.needs_rollback = False


@act(anywhere=True)
def commit_that_is_a_rollback_here(visit: Visit) -> None:
    with transaction.atomic():
        visit.look_there()
        visit.add()
        try:
            fail("SELECT no_such_column FROM accounts_user")
        except ProgrammingError:
            connection.needs_rollback = False


@act(anywhere=True)
def error_caught_outside(visit: Visit) -> None:
    try:
        with transaction.atomic():
            visit.add()
            with visit.elsewhere():
                visit.sees_there(name())
                visit.add(there=True)
                fail("SELECT 'x'::int")
    except DataError:
        pass


@act(anywhere=True)
def error_without_a_transaction(visit: Visit) -> None:
    try:
        with visit.elsewhere():
            fail()
    except DataError:
        pass


@act()
def commit_that_fails(visit: Visit) -> None:
    """A deferred constraint speaks at COMMIT, when the path has been set inside."""
    try:
        with transaction.atomic():
            visit.look_there()
            visit.item(author_id=uuid4()).save(force_insert=True)
    except IntegrityError:
        return
    raise AssertionError("the constraint is not there")


@act(weight=15, anywhere=True)
def savepoints(visit: Visit) -> None:
    with transaction.atomic():
        outer = transaction.savepoint()
        visit.look_there()
        inner = transaction.savepoint()
        visit.add()
        with visit.elsewhere():
            visit.sees_there(name())
            transaction.savepoint_rollback(inner)
            visit.sees_there(raw_name(), name())
        visit.sees(raw_name())
        if visit.dice.random() < 0.5:
            transaction.savepoint_rollback(outer)
        else:
            transaction.savepoint_commit(outer)
        visit.sees(raw_name(), name())


@act(anywhere=True)
def nested_to_depth(visit: Visit) -> None:
    def down(depth: int) -> None:
        try:
            with transaction.atomic(), visit.elsewhere() if depth % 2 else visit.here.inside():
                visit.add(there=bool(depth % 2))
                if depth:
                    down(depth - 1)
                raise Planned
        except Planned:
            (visit.sees_there if depth % 2 == 0 and depth < 4 else visit.sees)(raw_name())

    down(4)


@act(anywhere=True)
def on_commit(visit: Visit) -> None:
    with transaction.atomic():
        transaction.on_commit(visit.add_and_tell)
        with visit.elsewhere():
            visit.sees_there(name())
            # It runs where the commit is, not where it was asked for.
            transaction.on_commit(lambda: visit.sees(name()))


@act(anywhere=True, fails=True)
def raised_out_of_a_transaction(visit: Visit) -> None:
    with transaction.atomic():
        visit.add()
        with visit.elsewhere():
            visit.add(there=True)
            raise Planned


@act(anywhere=True, fails=True)
def raised_with_a_transaction_by_hand_left_open(visit: Visit) -> None:
    connection.set_autocommit(False)
    visit.add()
    with visit.elsewhere():
        visit.add(there=True)
    raise Planned


@act(anywhere=True)
def transaction_by_hand(visit: Visit) -> None:
    connection.set_autocommit(False)
    try:
        visit.sees(name())
        with visit.elsewhere():
            visit.sees_there(raw_name(), name())
        visit.sees(raw_name())
        visit.add()
        connection.commit()
        visit.wrote("accounts_user")
        with visit.elsewhere():
            visit.sees_there(raw_name())
            visit.add(there=True)
            connection.rollback()
            visit.sees_there(raw_name())
        visit.sees(raw_name())
        connection.rollback()
    finally:
        connection.set_autocommit(True)


@act(anywhere=True)
def transaction_of_the_driver(visit: Visit) -> None:
    """BEGIN and ROLLBACK that Django hears nothing of."""
    connection.ensure_connection()
    raw = connection.connection
    try:
        with raw.transaction():
            visit.look_there()
            visit.add()
            raise Planned
    except Planned:
        visit.sees(raw_name())
    with raw.transaction():
        visit.look_there()
        visit.sees(raw.execute(NAME).fetchone()[0])


@act(anywhere=True)
def transaction_in_sql(visit: Visit) -> None:
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        visit.look_there()
        cursor.execute("SAVEPOINT here")
        visit.look_there()
        visit.add()
        cursor.execute("ROLLBACK TO SAVEPOINT here")
        visit.sees(raw_name(), name())
        cursor.execute("ROLLBACK")
        visit.sees(raw_name(), name())


@act()
def delete_and_undo(visit: Visit) -> None:
    with transaction.atomic():
        visit.look_there()
        Item.objects.filter(pk=ITEMS[4]).delete()
        transaction.set_rollback(True)
