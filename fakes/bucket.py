"""A fake S3 bucket in memory, with the part of the REST API that django-storages uses.

Follows the API reference (HeadObject, GetObject, PutObject, DeleteObject): path-style URLs, 404 with an XML error,
ranges. Signatures are not checked.
"""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_MISSING = b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>"


class FakeBucket:
    """State of the bucket. `objects` by path; `calls`: (method, path); `fails`: status of every response, or 0."""

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
    """Decode an aws-chunked body: chunks with their size in hexadecimal, until a size of 0."""
    content, remainder = b"", body
    while remainder:
        head, _, remainder = remainder.partition(b"\r\n")
        size = int(head.partition(b";")[0], 16)
        if size == 0:
            break
        content, remainder = content + remainder[:size], remainder[size + 2 :]
    return content
