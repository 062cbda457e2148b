"""One way of serving the view, in a process of its own: told over its standard input whom to serve.

`DJANGO_SETTINGS_MODULE=bench.site.ours python -m bench.served PATH`; a line is a JSON object {"hosts", "times",
"count"}, and is answered by one: {"cpu"} in seconds, or the SQL sent to the server where `count` is true.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import cycle, islice
from typing import Any

Serve = Callable[[str], None]


def main() -> None:
    import django

    django.setup()
    serve = _handler(sys.argv[1])
    for line in sys.stdin:
        asked = json.loads(line)
        hosts = islice(cycle(asked["hosts"]), asked["times"])
        answer = {"sql": _traced(serve, hosts)} if asked["count"] else {"cpu": _cpu(serve, hosts)}
        print(json.dumps(answer), flush=True)


def _handler(path: str) -> Serve:
    """Serves `path` at a host, from the environ of a request to its end, where the connection goes back to the pool."""
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler

    settings.MIDDLEWARE = settings.MEASURED_MIDDLEWARE
    # A failure ends the measure, with its traceback.
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    application = WSGIHandler()
    statuses: list[str] = []

    def start_response(status: str, _headers: Any, _error: Any = None) -> Callable[[bytes], None]:
        statuses[:] = [status]
        return lambda _data: None

    def serve(host: str) -> None:
        response: Any = application(_environ(path, host), start_response)
        b"".join(response)
        response.close()
        if statuses != ["200 OK"]:
            raise RuntimeError(f"{host}{path}: {statuses}")

    return serve


def _environ(path: str, host: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "HTTP_HOST": host,
        "SERVER_NAME": host,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_ACCEPT": "application/json",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
    }


def _cpu(serve: Serve, hosts: Iterator[str]) -> float:
    """Seconds of processor, of this process with all its threads, for all of them."""
    begun = time.process_time()
    for host in hosts:
        serve(host)
    return time.process_time() - begun


def _traced(serve: Serve, hosts: Iterator[str]) -> list[str]:
    """What the driver sent, by libpq's own trace. The pool must hold one connection, so that it is ours."""
    from django.db import connection

    from bench.wire import statements

    with tempfile.TemporaryFile() as trace:
        raw = _pooled(connection)
        raw.pgconn.trace(trace.fileno())
        for host in hosts:
            serve(host)
        raw.pgconn.untrace()
        trace.seek(0)
        return statements(trace.read().decode(errors="replace"))


def _pooled(connection: Any) -> Any:
    """The driver's connection that waits in the pool."""
    raw = connection.pool.getconn()
    connection.pool.putconn(raw)
    return raw


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.site.ours")
    main()
