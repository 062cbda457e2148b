"""Who sends a large body, asked before it is read."""

from typing import cast

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.module_loading import import_string

from accounts.access import Access
from accounts.middleware import AccessMiddleware, LanguageMiddleware
from tenants.middleware import TenantMiddleware


def refusal_before_reading(request: HttpRequest, access: Access) -> HttpResponseBase | None:
    """The answer to somebody who may not call the view; None where they may. The request has no body yet."""

    def asked(request: HttpRequest) -> HttpResponse:
        store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
        request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
        request.user = get_user(request)
        LanguageMiddleware(_nothing).process_request(request)
        refusal = AccessMiddleware(_nothing).refusal(request, access)
        return HttpResponse(status=204) if refusal is None else refusal  # type: ignore[return-value]

    # Not awaitable: what it wraps is not.
    answer = cast(HttpResponseBase, TenantMiddleware(asked)(request))
    return None if answer.status_code == 204 else answer


def _nothing(_request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=204)
