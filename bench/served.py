"""Server process of one variant of the view, controlled over standard input.

`DJANGO_SETTINGS_MODULE=bench.site.ours python -m bench.served PATH`. Each input line is a JSON object {"hosts",
"times", "count"}; each output line is {"cpu"} in seconds, or {"sql"}, the statements sent, if `count` is true.
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
        command = json.loads(line)
        hosts = islice(cycle(command["hosts"]), command["times"])
        reply = {"sql": _traced_sql(serve, hosts)} if command["count"] else {"cpu": _cpu(serve, hosts)}
        print(json.dumps(reply), flush=True)


def _handler(path: str) -> Serve:
    """A function that serves `path` at a host, up to the return of the connection to the pool."""
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler

    settings.MIDDLEWARE = settings.MEASURED_MIDDLEWARE
    # An error ends the benchmark with its traceback.
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
        "HTTP_ACCEPT": "text/html,application/json",
        "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64)",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        "wsgi.errors": sys.stderr,
    }


def _cpu(serve: Serve, hosts: Iterator[str]) -> float:
    """CPU seconds of this process, with all its threads, for all hosts."""
    begun = time.process_time()
    for host in hosts:
        serve(host)
    return time.process_time() - begun


def _traced_sql(serve: Serve, hosts: Iterator[str]) -> list[str]:
    """Statements sent by the driver, from libpq's trace. Requires a pool of one connection."""
    from django.db import connection

    from bench.wire import statements

    with tempfile.TemporaryFile() as trace:
        raw = _pooled_connection(connection)
        raw.pgconn.trace(trace.fileno())
        for host in hosts:
            serve(host)
        raw.pgconn.untrace()
        trace.seek(0)
        return statements(trace.read().decode(errors="replace"))


def _pooled_connection(connection: Any) -> Any:
    """The driver's connection in the pool."""
    raw = connection.pool.getconn()
    connection.pool.putconn(raw)
    return raw


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.site.ours")
    main()
