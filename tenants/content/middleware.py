"""Serves content hosts before all other middleware: no session, no user, no cookies, no page of the product."""

from collections.abc import Awaitable
from typing import Final, TypeVar, cast

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.core.handlers.exception import response_for_exception
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve

from tenants.content.hosts import is_content_host
from tenants.middleware import SyncAndAsyncMiddleware, host_of

ResponseT = TypeVar("ResponseT", bound=HttpResponseBase)
METHODS: Final = ("GET", "HEAD")
# Every policy-controlled feature (W3C, "Permissions Policy").
_FEATURES: Final = (
    "accelerometer attribution-reporting autoplay browsing-topics camera"
    " clipboard-read clipboard-write compute-pressure cross-origin-isolated display-capture encrypted-media fullscreen"
    " gamepad geolocation gyroscope hid identity-credentials-get idle-detection keyboard-map local-fonts magnetometer"
    " microphone midi otp-credentials payment picture-in-picture publickey-credentials-create"
    " publickey-credentials-get screen-wake-lock serial storage-access sync-xhr unload usb"
    " window-management xr-spatial-tracking"
).split()
# Headers of every response of a content host, including refusals; a content adds its CSP and type.
HEADERS: Final = {
    # Stored by the browser but revalidated each time, since a permission may be withdrawn.
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "none",
}
_NOTHING: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"


def nothing(status: int = 404) -> HttpResponse:
    """The response of a content host without content, the same for every reason."""
    response = sealed(HttpResponse(f"{status}\n", status=status, content_type="text/plain; charset=utf-8"))
    # Not logged: the URL may be valid for another viewer.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def sealed(response: ResponseT) -> ResponseT:
    """A response with the headers of a content host and without cookies."""
    for name, value in HEADERS.items():
        response[name] = value
    response.headers.setdefault("Content-Security-Policy", _NOTHING)
    response.cookies.clear()
    return response


class ContentHostMiddleware(SyncAndAsyncMiddleware):
    """Handles requests to content hosts and passes on all others. Must precede every middleware that reads cookies or
    serves files."""

    def __call__(self, request: HttpRequest) -> HttpResponse | Awaitable[HttpResponse]:
        if self.is_async:
            return self._acall(request)
        if is_content_host(host_of(request)):
            return self._answer(request)
        return self.get_response(request)

    async def _acall(self, request: HttpRequest) -> HttpResponse:
        if is_content_host(host_of(request)):
            return await sync_to_async(self._answer)(request)
        return await cast(Awaitable[HttpResponse], self.get_response(request))

    def _answer(self, request: HttpRequest) -> HttpResponse:
        # No code below can read cookies, whatever the browser sends.
        request.META.pop("HTTP_COOKIE", None)
        request.urlconf = settings.CONTENT_URLCONF
        try:
            match = resolve(request.path_info, settings.CONTENT_URLCONF)
            if request.method not in METHODS:
                refusal = nothing(405)
                refusal["Allow"] = ", ".join(METHODS)
                return refusal
            request.resolver_match = match
            response: HttpResponse = match.func(request, *match.args, **match.kwargs)
            return sealed(response)
        except (Http404, PermissionDenied, SuspiciousOperation):
            return nothing()
        except Exception as error:
            # Logged; 503 if a resource was not available in time (website.views.server_error).
            failure: HttpResponse = response_for_exception(request, error)
            return sealed(failure)
