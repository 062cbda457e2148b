"""Access check of a request before its body is read."""

from typing import cast

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.module_loading import import_string

from accounts.access import Access
from accounts.middleware import AccessMiddleware, LanguageMiddleware
from tenants.middleware import TenantMiddleware


def check_access_before_body(request: HttpRequest, access: Access) -> HttpResponseBase | None:
    """The response to a client that may not call the view, or None if it may. The request has no body yet."""

    def check(request: HttpRequest) -> HttpResponse:
        store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        request.user = get_user(request)
        LanguageMiddleware(_empty_response).process_request(request)
        refusal = AccessMiddleware(_empty_response).refusal(request, access)
        return HttpResponse(status=204) if refusal is None else refusal  # type: ignore[return-value]

    # Not awaitable, because `check` is synchronous.
    response = cast(HttpResponseBase, TenantMiddleware(check)(request))
    return None if response.status_code == 204 else response


def _empty_response(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)
