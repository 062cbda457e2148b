"""ASGI handler that limits a request's body before reading it and admits the request before running it.

Django's handler reads the whole body before it resolves the path, and runs all requests that arrive. This one first
checks the limits that the view declares, and who sends the request.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any, Final

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import Resolver404, resolve

from accounts.access import BODY_LIMIT, SAFE_METHODS, Access, declared_access
from accounts.early_check import check_access_before_body
from tenants import admission, executors, host_cache
from tenants.admission import Busy, Visitor
from tenants.busy import busy, is_busy, too_large
from tenants.content import addresses
from tenants.content.hosts import is_content_host
from tenants.middleware import host_of

log = logging.getLogger(__name__)
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
# A client that sends nothing for this long is disconnected.
SILENCE_SECONDS: Final = 30.0
# How long the rest of a refused body is discarded, so that the client reads the response before the connection closes.
LINGER_SECONDS: Final = 2.0
# Without admission, on hosts of the product: a liveness probe must be answered under overload.
HEALTH: Final = "/healthz"


class Refused(Exception):
    """Raised while a body is read, with the response to send instead."""

    def __init__(self, response: HttpResponseBase) -> None:
        super().__init__()
        self.response = response


class Handler(ASGIHandler):
    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        # Django enters such a context too, and the inner one uses this executor.
        async with ThreadSensitiveContext(executor=executors.StepsOfRequest()):
            await super().__call__(scope, receive, send)

    async def handle(self, scope: Any, receive: Receive, send: Send) -> None:
        body = Body(scope, receive)
        try:
            if body.declared > BODY_LIMIT:
                await body.widen()
            await super().handle(scope, body.receive, send)
        except Refused as refused:
            await self._refuse(refused.response, receive, send)

    async def _refuse(self, response: HttpResponseBase, receive: Receive, send: Send) -> None:
        response["Connection"] = "close"
        response["Content-Length"] = str(len(response.content))  # type: ignore[attr-defined]

        async def lingering(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body"):
                await send({**message, "more_body": True})
                await _discard(receive)
                await send({"type": "http.response.body"})
            else:
                await send(message)

        await self.send_response(response, lingering)

    async def run_get_response(self, request: HttpRequest) -> HttpResponseBase:
        if is_free(request):
            return await self._respond(request)
        lane = admission.lanes()[lane_of(request)]
        try:
            async with lane.turn(visitor(request)):
                return await self._respond(request)
        except Busy:
            return busy(request, host_cache.find_in_memory(_host_name(request)))

    async def _respond(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = await super().run_get_response(request)
        return response


class Body:
    """The body of a request behind an ASGI `receive`, limited to the size that its view accepts."""

    def __init__(self, scope: Any, receive: Receive) -> None:
        self._scope, self._receive = scope, receive
        self._limit, self._is_widened = BODY_LIMIT, False
        self._received = 0
        self._ended = False
        self.declared = _declared_length(scope)

    async def receive(self) -> Message:
        """The next ASGI message. Raises `Refused` beyond the limit or on silence."""
        if self._ended:
            return await self._receive()
        try:
            async with asyncio.timeout(SILENCE_SECONDS):
                message = await self._receive()
        except TimeoutError as error:
            raise Refused(HttpResponse(status=408)) from error
        self._received += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._received > self._limit and not self._is_widened:
            await self.widen()
        if self._received > self._limit:
            raise Refused(self._too_large())
        return message

    async def widen(self) -> None:
        """Raise the limit to the view's, if the client may call the view. Raises `Refused`."""
        request = self._request()
        access = access_of(request)
        self._is_widened, self._limit = True, access.body_limit if access else BODY_LIMIT
        if access is None or max(self.declared, self._received) > self._limit:
            raise Refused(self._too_large())
        lane = admission.lanes()[admission.PAGE]
        try:
            async with lane.turn(visitor(request)):
                refusal = await sync_to_async(check_access_before_body)(request, access)
        except Exception as error:
            if is_busy(error):
                raise Refused(busy(request, host_cache.find_in_memory(_host_name(request)))) from error
            raise
        if refusal is not None:
            raise Refused(refusal)

    def _request(self) -> ASGIRequest:
        try:
            return ASGIRequest(self._scope, BytesIO())
        except UnicodeDecodeError:
            scope = {**self._scope, "query_string": b"", "path": "/"}
            return ASGIRequest(scope, BytesIO())

    def _too_large(self) -> HttpResponseBase:
        request = self._request()
        log.warning("refused unread: a body over %s bytes for %s", self._limit, request.path)
        return too_large(request, self._limit, host_cache.find_in_memory(_host_name(request)))


def _declared_length(scope: Any) -> int:
    for name, value in scope.get("headers", []):
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


async def _discard(receive: Receive) -> None:
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while (message := await receive())["type"] != "http.disconnect" and message.get("more_body"):
                pass
    except TimeoutError:
        return


def access_of(request: HttpRequest) -> Access | None:
    """The access declared by the view at the request's path, or None if no view matches."""
    try:
        match = resolve(request.path_info, _urlconf(_host_name(request)))
    except Resolver404:
        return None
    return declared_access(match.func, match.view_name)


def _urlconf(host: str) -> str:
    if is_content_host(host):
        return settings.CONTENT_URLCONF
    return settings.PUBLIC_URLCONF if host == settings.BASE_HOST else settings.TENANT_URLCONF


def is_free(request: HttpRequest) -> bool:
    """Whether a request takes no turn. A content host has neither a probe nor static files."""
    is_light = request.path == HEALTH or request.path.startswith(settings.STATIC_URL)
    return is_light and not is_content_host(_host_name(request))


def lane_of(request: HttpRequest) -> str:
    if request.path == "/readyz":
        return admission.PROBE
    access = access_of(request)
    if access is None or (access.lane == admission.HASHING and request.method in SAFE_METHODS):
        return admission.PAGE
    return access.lane


def visitor(request: HttpRequest) -> Visitor:
    """The source of a request for admission: workspace and client address."""
    host = _host_name(request)
    if is_content_host(host):
        place = addresses.place_of(host, request.path_info)
    else:
        place = "public" if host == settings.BASE_HOST else host_cache.place_hint(host)
    return Visitor(place, _address(request))


def _address(request: HttpRequest) -> str:
    """The client's IP address, as seen by the outermost trusted proxy."""
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if part.strip()]
    if proxies and len(forwarded) >= proxies:
        return str(forwarded[-proxies])[:64]
    return str(request.META.get("REMOTE_ADDR", ""))


def _host_name(request: HttpRequest) -> str:
    try:
        return host_of(request)
    except SuspiciousOperation:
        return ""
