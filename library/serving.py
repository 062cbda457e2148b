"""HTTP responses with private files: ranges, conditional requests, and headers that prevent execution in browsers.

Bytes are streamed; under ASGI by an asynchronous generator (Django would read a synchronous one into memory as a
whole), in threads of their own. The request's database connection is returned to the pool before.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import IO, Final

from django.core.handlers.asgi import ASGIRequest
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils.http import parse_etags, quote_etag

from library import files
from library.copies import copies
from library.models import Item
from library.sniffing import type_of
from tenants import executors
from tenants.context import current_tenant

BLOCK: Final = 256 * 1024
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
# Content security policy of files. PDF viewers do not start in a sandbox, so a PDF gets it without `sandbox`.
_CONTENT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; img-src 'self'; frame-ancestors 'none'"
)


class RangeRefused(Exception):
    """Raised for a range outside the file."""


def file_response(request: HttpRequest, item: Item, *, as_attachment: bool = False) -> HttpResponseBase:
    """The response with an item's file. The caller has checked the rights."""
    kind = type_of(item.media_type)
    is_attachment = as_attachment or kind is None or not kind.inline
    media_type = _content_type(item)
    disposition = files.disposition(item.file_name, as_attachment=is_attachment)
    if not files.is_local():
        return _with_security_headers(HttpResponseRedirect(files.signed_url(item.file, media_type, disposition)), item)
    response = _storage_response(request, item, media_type)
    response["Content-Disposition"] = disposition
    return _with_security_headers(response, item)


def stored_response(request: HttpRequest, item: Item) -> HttpResponseBase:
    """The response with an item's file for the content host, which adds its own headers (library/contents.py).

    Never a redirect to the bucket, whose responses would lack these headers. Raises `Busy`.
    """
    response = _storage_response(request, item, _content_type(item)) if files.is_local() else _fetched(request, item)
    response["Content-Disposition"] = files.disposition(item.file_name, as_attachment=False)
    return response


def _fetched(request: HttpRequest, item: Item) -> HttpResponseBase:
    release = copies.reserve(current_tenant().id)
    try:
        response = _storage_response(request, item, _content_type(item), supports_ranges=False)
    except BaseException:
        release()
        raise
    response._resource_closers.append(release)  # type: ignore[attr-defined]
    return response


def _content_type(item: Item) -> str:
    is_bare_text = item.media_type.startswith("text/") and "charset=" not in item.media_type
    return f"{item.media_type}; charset=utf-8" if is_bare_text else item.media_type


def thumbnail_response(request: HttpRequest, item: Item) -> HttpResponseBase:
    """The response with the thumbnail of an image, with the headers of `file_response`."""
    thumbnail = Item(pk=item.pk, file=item.thumbnail, file_name="miniature.webp", media_type="image/webp")
    return file_response(request, thumbnail)


def _with_security_headers(response: HttpResponseBase, item: Item) -> HttpResponseBase:
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = (
        _CONTENT_POLICY if item.media_type == "application/pdf" else f"sandbox; {_CONTENT_POLICY}"
    )
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    # Cached in the browser but revalidated each time, since access may have been revoked.
    response["Cache-Control"] = "private, no-store" if response.status_code == 302 else "private, no-cache"
    return response


def _storage_response(
    request: HttpRequest, item: Item, media_type: str, *, supports_ranges: bool = True
) -> HttpResponseBase:
    """The response with bytes read from the storage.

    `supports_ranges` False disables ranges, since each range would download the whole file from the bucket again.
    """
    # An item's file never changes, so its key identifies the content.
    etag = quote_etag(item.pk.hex)
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        not_modified = HttpResponse(status=304)
        not_modified["ETag"] = etag
        return not_modified
    try:
        file = files.storage().open(item.file)
        size = file.size
    except FileNotFoundError as error:
        raise Http404("file missing") from error
    try:
        byte_range = _requested_range(request, etag, size) if supports_ranges else None
    except RangeRefused:
        file.close()
        range_refused = HttpResponse(status=416)
        range_refused["Content-Range"] = f"bytes */{size}"
        return range_refused
    response = _streaming_response(request, file, byte_range, size, media_type, etag)
    response["Accept-Ranges"] = "bytes" if supports_ranges else "none"
    return response


def _requested_range(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """First and last requested byte; None for the whole file, also for multiple ranges (RFC 9110, 14.2)."""
    header = request.headers.get("Range", "")
    condition = request.headers.get("If-Range")
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match.group(0) == "bytes=-" or (condition is not None and condition != etag):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size - 1
        if int(last) == 0:
            raise RangeRefused
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None
    if start >= size:
        raise RangeRefused
    return start, end


def _streaming_response(
    request: HttpRequest, file: IO[bytes], byte_range: tuple[int, int] | None, size: int, media_type: str, etag: str
) -> HttpResponseBase:
    start, end = byte_range or (0, size - 1)
    length = end - start + 1
    blocks = _blocks_async if isinstance(request, ASGIRequest) else _blocks
    content = iter(()) if request.method == "HEAD" else blocks(file, start, length)
    response = StreamingHttpResponse(content, content_type=media_type, status=206 if byte_range else 200)
    # Django closes these at the end of the response, also if the client disconnects.
    response._resource_closers.append(file.close)  # type: ignore[attr-defined]
    response["Content-Length"] = str(length)
    response["ETag"] = etag
    if byte_range:
        response["Content-Range"] = f"bytes {start}-{end}/{size}"
    return response


def _blocks(file: IO[bytes], start: int, length: int) -> Iterator[bytes]:
    file.seek(start)
    while length > 0 and (block := file.read(min(BLOCK, length))):
        length -= len(block)
        yield block


async def _blocks_async(file: IO[bytes], start: int, length: int) -> AsyncIterator[bytes]:
    blocks = _blocks(file, start, length)
    loop, threads = asyncio.get_running_loop(), executors.files()
    while (block := await loop.run_in_executor(threads, next, blocks, None)) is not None:
        yield block


def allow_sources(response: HttpResponse, frames_from: str) -> HttpResponse:
    """Allow media of the storage and the frame of a preview in the page's content security policy.

    `frames_from`: the origin of the preview; blank for none.
    """
    origin = files.storage_origin()
    sources = {"img-src": [origin], "media-src": [origin]} if origin else {}
    if frames_from:
        sources["frame-src"] = [frames_from]
    if sources:
        response._csp_update = sources  # type: ignore[attr-defined]
    return response
