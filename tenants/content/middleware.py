"""Content hosts have a way of their own: no session, no user, no cookie, no page, no static file of the product."""

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
# Every feature that browsers let a page use or hand on (W3C, "Permissions Policy" and the specifications of each).
_FEATURES: Final = (
    "accelerometer attribution-reporting autoplay browsing-topics camera"
    " clipboard-read clipboard-write compute-pressure cross-origin-isolated display-capture encrypted-media fullscreen"
    " gamepad geolocation gyroscope hid identity-credentials-get idle-detection keyboard-map local-fonts magnetometer"
    " microphone midi otp-credentials payment picture-in-picture publickey-credentials-create"
    " publickey-credentials-get screen-wake-lock serial storage-access sync-xhr unload usb"
    " window-management xr-spatial-tracking"
).split()
# Set on every answer of a content host, refusals included; a content adds its own policy and type.
HEADERS: Final = {
    # Kept by the reader's browser, but asked for again each time: a right may be gone.
    "Cache-Control": "private, no-cache",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _FEATURES),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "none",
}
_NOTHING: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"


def nothing(status: int = 404) -> HttpResponse:
    """The plain answer of a content host that shows nothing: the same for every reason."""
    response = sealed(HttpResponse(f"{status}\n", status=status, content_type="text/plain; charset=utf-8"))
    # No line of the log for each, with an address in it that may be good elsewhere.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


def sealed(response: ResponseT) -> ResponseT:
    """An answer with what all of a content host have, and without cookies."""
    for name, value in HEADERS.items():
        response[name] = value
    response.headers.setdefault("Content-Security-Policy", _NOTHING)
    response.cookies.clear()
    return response


class ContentHostMiddleware(SyncAndAsyncMiddleware):
    """Answers whatever comes to a content host, and lets everything else pass. It stands before all that reads cookies
    or serves files."""

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
        # Whatever a browser sends along, nothing here can read it.
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
            # Logged, and 503 where something needed did not come in time (website.views.server_error).
            failure: HttpResponse = response_for_exception(request, error)
            return sealed(failure)
