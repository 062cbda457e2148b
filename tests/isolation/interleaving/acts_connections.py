"""Cursors, raw handles, check-outs and threads."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from typing import Any

from django.db import OperationalError, connection, connections

from tenants.context import NoTenant, no_context
from tests.isolation.interleaving.registry import act
from tests.isolation.interleaving.visit import NAME, Visit, cursor_name, name, raw_name


@act(weight=15, anywhere=True)
def raw_cursor(visit: Visit) -> None:
    visit.sees(raw_name())
    with visit.elsewhere():
        visit.sees_there(raw_name())
    visit.sees(raw_name())


@act(anywhere=True)
def older_cursor(visit: Visit) -> None:
    with connection.cursor() as cursor:
        visit.sees(cursor_name(cursor))
        with visit.elsewhere():
            visit.sees_there(cursor_name(cursor))
        visit.sees(cursor_name(cursor))


@act(anywhere=True)
def older_cursor_by_other_methods(visit: Visit) -> None:
    """What the driver's cursor can do past `execute`."""
    with connection.cursor() as cursor:
        with visit.elsewhere():
            visit.sees_there(*[row[0] for row in cursor.stream(NAME)])
        with cursor.copy(f"COPY ({NAME}) TO STDOUT") as copy:
            visit.sees(*[row[0] for row in copy.rows()])
        with visit.elsewhere():
            cursor.cursor.executemany(NAME, [()], returning=True)
            visit.sees_there(cursor.fetchone()[0])


@act(anywhere=True)
def kept_handle(visit: Visit) -> None:
    """The raw connection, and a cursor of it, kept while the context changes."""
    connection.ensure_connection()
    raw = connection.connection
    with raw.cursor() as cursor:
        visit.sees(cursor_name(cursor))
        with visit.elsewhere():
            visit.sees_there(cursor_name(cursor), raw.execute(NAME).fetchone()[0])
        visit.sees(cursor_name(cursor), raw.execute(NAME).fetchone()[0])


@act(weight=15, anywhere=True)
def closed_in_mid_request(visit: Visit) -> None:
    visit.look_there()
    connection.close()
    visit.sees(raw_name(), name())
    with visit.elsewhere():
        connection.close()
        visit.sees_there(raw_name())
    connections.close_all()


@act(anywhere=True)
def closed_in_mid_transaction(visit: Visit) -> None:
    connection.set_autocommit(False)
    with visit.elsewhere():
        visit.add(there=True)
    connection.close()


@act(weight=1, anywhere=True)
def cut_by_the_server(visit: Visit) -> None:
    try:
        with visit.elsewhere(), connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    except OperationalError:
        connection.close()


@act(anywhere=True)
def without_a_context(visit: Visit) -> None:
    connection.ensure_connection()
    raw = connection.connection
    with no_context():
        _refused(name)
        _refused(connection.cursor)
        _refused(lambda: raw.execute(NAME))


def _refused(work: Callable[[], Any]) -> None:
    try:
        work()
    except NoTenant:
        return
    raise AssertionError("no context, and yet an answer")


def _closing(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connections.close_all()


def _in_thread(work: Callable[[], Any], context: Context) -> None:
    caught: list[BaseException] = []

    def run() -> None:
        try:
            context.run(_closing, work)
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if caught:
        raise caught[0]


@act(weight=4, anywhere=True)
def thread_with_the_context(visit: Visit) -> None:
    _in_thread(lambda: visit.sees(name(), raw_name()), copy_context())
    with visit.elsewhere():
        _in_thread(lambda: visit.sees_there(raw_name(), name()), copy_context())


@act(weight=4, anywhere=True)
def thread_without_a_context(visit: Visit) -> None:
    _in_thread(lambda: _refused(name), Context())


_lasting = ThreadPoolExecutor(1)


def _as_requests_end(work: Callable[[], Any]) -> Any:
    """The connection stays where the settings keep it, and is the next one's."""
    try:
        return work()
    finally:
        connection.close_if_unusable_or_obsolete()


@act(weight=6, anywhere=True)
def lasting_thread(visit: Visit) -> None:
    """One thread that serves everybody, each in its own context."""
    visit.sees(_lasting.submit(copy_context().run, _as_requests_end, raw_name).result())
    with visit.elsewhere():
        visit.sees_there(_lasting.submit(copy_context().run, _as_requests_end, name).result())
    _lasting.submit(Context().run, _as_requests_end, lambda: _refused(name)).result()
