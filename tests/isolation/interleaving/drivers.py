"""Requests through the whole of Django: eight threads of a WSGI server, or eight at once in one loop of an ASGI one."""

import asyncio
import io
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import got_request_exception

from config.handler import Handler
from tenants import executors
from tests.isolation.interleaving.plan import Call
from tests.isolation.interleaving.report import Report
from tests.isolation.interleaving.world import SESSION

THREADS = 8


class Errors:
    """The exception behind a 500, by the number of its request."""

    def __init__(self) -> None:
        self._by_number: dict[str, str] = {}
        got_request_exception.connect(self._keep)

    def _keep(self, request: Any, **_details: Any) -> None:
        error = sys.exc_info()[1]
        said = str(error).partition("\n")[0]
        self._by_number[request.GET["number"]] = f"{type(error).__name__}{': ' if said else ''}{said}"

    def of(self, call: Call) -> str:
        return self._by_number.pop(str(call.number), "")


def _cookie(call: Call) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={SESSION}" if call.signed_in else ""


def drive_sync(calls: Iterable[Call], report: Report) -> None:
    """Each thread takes the next request when it is free, as a server's threads do."""
    handler, errors = WSGIHandler(), Errors()
    rest = iter(list(calls))
    lock = threading.Lock()

    def work() -> None:
        for call in _shared(rest, lock):
            status, body = _wsgi(handler, call)
            report.take(call, status, body, errors.of(call))

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _shared(rest: Iterator[Call], lock: threading.Lock) -> Iterator[Call]:
    while True:
        with lock:
            call = next(rest, None)
        if call is None:
            return
        yield call


def _wsgi(handler: WSGIHandler, call: Call) -> tuple[int, bytes]:
    told: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": call.path,
        "QUERY_STRING": call.query,
        "HTTP_HOST": call.here.host,
        "HTTP_COOKIE": _cookie(call),
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
    }
    response = handler(environ, lambda status, headers: told.append(status))
    try:
        body = b"".join(response)
    finally:
        response.close()
    return int(told[0].split()[0]), body


def drive_async(calls: Iterable[Call], report: Report) -> None:
    """As many requests under way in one loop, in the threads that all requests of a web process share."""
    asyncio.run(_drive_async(calls, report))


async def _drive_async(calls: Iterable[Call], report: Report) -> None:
    executors.set_default_executor()
    application, errors = Handler(), Errors()
    rest = iter(list(calls))

    async def work() -> None:
        for call in rest:
            status, body = await _asgi(application, call)
            report.take(call, status, body, errors.of(call))

    await asyncio.gather(*[work() for _ in range(THREADS)])


async def _asgi(application: Any, call: Call) -> tuple[int, bytes]:
    sent: list[dict[str, Any]] = []
    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if asked:
            return asked.pop()
        await asyncio.Event().wait()
        raise AssertionError("nobody hangs up")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", call.here.host.encode()), (b"cookie", _cookie(call).encode())]
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": call.path,
        "query_string": call.query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    await application(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
