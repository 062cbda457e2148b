"""Compression of pages. Static files are compressed when they are collected (config/static_storage.py)."""

import re
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

_TEXT = re.compile(r"^(text/(html|css|plain|csv|javascript)|application/(json|xml|manifest\+json)|image/svg\+xml)\b")
_MIN_BYTES = 1_000


class CompressionMiddleware(GZipMiddleware):
    """Django's middleware, whose random padding mitigates BREACH, for complete text responses only.

    Compression would delay an event stream and gains nothing for downloads, which are compressed files, and for small
    responses.
    """

    def __call__(self, request: HttpRequest) -> Any:
        if iscoroutinefunction(self.get_response):
            return self._acall(request)
        response = cast(HttpResponse, self.get_response(request))
        return self.process_response(request, response) if _is_compressible(request, response) else response

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = await cast(Any, self.get_response)(request)
        if not _is_compressible(request, response):
            return response
        return await sync_to_async(self.process_response)(request, response)


def _is_compressible(request: HttpRequest, response: HttpResponseBase) -> bool:
    return (
        not response.streaming
        and _TEXT.match(response.headers.get("Content-Type", "")) is not None
        and len(cast(HttpResponse, response).content) >= _MIN_BYTES
    )
