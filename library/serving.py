"""Private files over HTTP: through a permission check, with ranges, in a form that no browser runs.

Bytes are streamed: under ASGI by an asynchronous generator (a synchronous one would be read whole into memory), from
threads of their own. The request's database connection is back in the pool by then.
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
# Browsers' PDF viewers do not start in a sandbox: a PDF gets the same walls without it.
_WALLS: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; media-src 'self'; img-src 'self'; frame-ancestors 'none'"
)


class RangeRefused(Exception):
    """Raised for a range that the file does not have."""


def file_response(request: HttpRequest, item: Item, *, as_attachment: bool = False) -> HttpResponseBase:
    """The file of an item that the caller has found through its door."""
    kind = type_of(item.media_type)
    attached = as_attachment or kind is None or not kind.inline
    media_type = _content_type(item)
    disposition = files.disposition(item.file_name, as_attachment=attached)
    if not files.is_local():
        return _secured(HttpResponseRedirect(files.signed_address(item.file, media_type, disposition)), item)
    response = _local(request, item, media_type)
    response["Content-Disposition"] = disposition
    return _secured(response, item)


def stored_response(request: HttpRequest, item: Item) -> HttpResponseBase:
    """The bytes of an item's file from wherever they are kept, for a host whose own headers are the walls
    (library/contents.py): never a way to the bucket's host, where there are none. Raises `Busy`.
    """
    response = _local(request, item, _content_type(item)) if files.is_local() else _fetched(request, item)
    response["Content-Disposition"] = files.disposition(item.file_name, as_attachment=False)
    return response


def _fetched(request: HttpRequest, item: Item) -> HttpResponseBase:
    give_back = copies.take(current_tenant().id)
    try:
        response = _local(request, item, _content_type(item), has_parts=False)
    except BaseException:
        give_back()
        raise
    response._resource_closers.append(give_back)  # type: ignore[attr-defined]
    return response


def _content_type(item: Item) -> str:
    is_bare_text = item.media_type.startswith("text/") and "charset=" not in item.media_type
    return f"{item.media_type}; charset=utf-8" if is_bare_text else item.media_type


def thumbnail_response(request: HttpRequest, item: Item) -> HttpResponseBase:
    """The small picture of an image, served as its original is."""
    small = Item(pk=item.pk, file=item.thumbnail, file_name="miniature.webp", media_type="image/webp")
    return file_response(request, small)


def _secured(response: HttpResponseBase, item: Item) -> HttpResponseBase:
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = _WALLS if item.media_type == "application/pdf" else f"sandbox; {_WALLS}"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    # Kept by the reader's browser, but asked for again each time: a right may be gone.
    response["Cache-Control"] = "private, no-store" if response.status_code == 302 else "private, no-cache"
    return response


def _local(request: HttpRequest, item: Item, media_type: str, *, has_parts: bool = True) -> HttpResponseBase:
    """A file read here. `has_parts` False: whole only, for each part would fetch the whole from a bucket anew."""
    # A file never changes: the item's key names its content.
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
        part = _wanted_part(request, etag, size) if has_parts else None
    except RangeRefused:
        file.close()
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    response = _streamed(request, file, part, size, media_type, etag)
    response["Accept-Ranges"] = "bytes" if has_parts else "none"
    return response


def _wanted_part(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """First and last byte asked for; None for the whole. Several ranges at once get the whole, as the standard lets."""
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


def _streamed(
    request: HttpRequest, file: IO[bytes], part: tuple[int, int] | None, size: int, media_type: str, etag: str
) -> HttpResponseBase:
    start, end = part or (0, size - 1)
    length = end - start + 1
    blocks = _blocks_async if isinstance(request, ASGIRequest) else _blocks
    content = iter(()) if request.method == "HEAD" else blocks(file, start, length)
    response = StreamingHttpResponse(content, content_type=media_type, status=206 if part else 200)
    # Django closes what it knows at the end of the answer, also when the reader leaves halfway.
    response._resource_closers.append(file.close)  # type: ignore[attr-defined]
    response["Content-Length"] = str(length)
    response["ETag"] = etag
    if part:
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
