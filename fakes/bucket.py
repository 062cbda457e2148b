"""A bucket at the wire: the part of S3's REST API that django-storages speaks, in one process, in memory.

Built from the API reference (HeadObject, GetObject, PutObject, DeleteObject): path-style addresses, 404 with an XML
error, ranges. Signatures are not checked.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MISSING = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>"


class FakeBucket:
    """`objects` by path; `calls`: (method, path); `fails`: the status that every answer has from now on."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.calls: list[tuple[str, str]] = []
        self.fails = 0
        self.url = ""


@contextmanager
def running() -> Iterator[FakeBucket]:
    bucket = FakeBucket()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(bucket))
    bucket.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield bucket
    finally:
        server.shutdown()
        server.server_close()


def _handler(bucket: FakeBucket) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {"ETag": '"0"', "Content-Length": str(len(body)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _called(self) -> str:
            path = self.path.partition("?")[0]
            bucket.calls.append((self.command, path))
            return path

        def _get(self) -> None:
            path = self._called()
            if bucket.fails:
                return self._answer(bucket.fails)
            if path not in bucket.objects:
                return self._answer(404, _MISSING, {"Content-Type": "application/xml"})
            data = bucket.objects[path]
            wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
            if wanted is None:
                return self._answer(200, data)
            first, last = int(wanted[1]), int(wanted[2] or len(data) - 1)
            return self._answer(206, data[first : last + 1], {"Content-Range": f"bytes {first}-{last}/{len(data)}"})

        do_GET = do_HEAD = _get

        def do_PUT(self) -> None:
            path, length = self._called(), int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if "aws-chunked" in self.headers.get("Content-Encoding", ""):
                body = _unchunked(body)
            if bucket.fails:
                return self._answer(bucket.fails)
            bucket.objects[path] = body
            return self._answer(200)

        def do_DELETE(self) -> None:
            bucket.objects.pop(self._called(), None)
            self._answer(bucket.fails or 204)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


def _unchunked(body: bytes) -> bytes:
    """The content of a body that was signed piece by piece: size in hexadecimal, line, piece, until a size of 0."""
    found, rest = b"", body
    while rest:
        head, _, rest = rest.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if size == 0:
            break
        found, rest = found + rest[:size], rest[size + 2 :]
    return found
