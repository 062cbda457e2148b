"""Error responses of a process that cannot serve a request: 503 when busy, 413 when the body is too large.

They use neither the database nor Redis nor the session, so they stay cheap under overload.
"""

import logging
import time
from contextlib import suppress
from functools import lru_cache
from types import UnionType
from typing import Final

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils import translation
from django.utils.translation import gettext as _
from psycopg_pool import PoolClosed, PoolTimeout

from tenants.admission import Busy
from tenants.circuit_breaker import Away
from tenants.content.hosts import is_content_host
from tenants.context import TenantRef
from tenants.middleware import host_of

log = logging.getLogger(__name__)
RETRY_AFTER_SECONDS: Final = 2
# For an outside server that does not answer: longer than its circuit stays open.
AWAY_SECONDS: Final = 30
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
}


def is_busy(error: BaseException | None) -> bool:
    """Whether an error, or one of its causes, means that a connection, a turn or an answer did not come in time."""
    return _has_cause(error, Busy | PoolTimeout | PoolClosed | Away)


def _has_cause(error: BaseException | None, kinds: UnionType | type[Exception]) -> bool:
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, kinds):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def busy(request: HttpRequest, tenant: TenantRef | None = None, *, error: BaseException | None = None) -> HttpResponse:
    """503 with Retry-After: a page for browsers, a notice for htmx, JSON for API clients."""
    is_away = _has_cause(error, Away)
    _log_busy()
    response = _answer(request, tenant, "away" if is_away else "busy", 503)
    response["Retry-After"] = str(AWAY_SECONDS if is_away else RETRY_AFTER_SECONDS)
    return response


def too_large(request: HttpRequest, limit: int, tenant: TenantRef | None = None) -> HttpResponse:
    """413 with the limit of the page in bytes. Closes the connection, since the body was not read."""
    response = _answer(request, tenant, "too_large", 413, limit)
    response["Connection"] = "close"
    return response


def _answer(request: HttpRequest, tenant: TenantRef | None, kind: str, status: int, limit: int = 0) -> HttpResponse:
    if _is_content(request):
        # No page, no cookie: tenants/content.
        walls = {"Content-Security-Policy": "default-src 'none'; sandbox"}
        return HttpResponse(status=status, headers=_HEADERS | walls)
    language = _language(request, tenant)
    accepted = request.headers.get("Accept", "")
    response: HttpResponse
    if request.headers.get("HX-Request"):
        response = HttpResponse(_page(f"errors/{kind}_notice.html", language, limit), status=status)
    elif "application/json" in accepted and "text/html" not in accepted:
        response = JsonResponse({"error": kind, "detail": _message(kind, language)}, status=status)
    else:
        response = HttpResponse(_page(f"errors/{kind}.html", language, limit), status=status)
    for name, value in _HEADERS.items():
        response[name] = value
    response["Content-Language"] = language
    return response


def _is_content(request: HttpRequest) -> bool:
    with suppress(SuspiciousOperation):
        return is_content_host(host_of(request))
    return False


@lru_cache(maxsize=64)
def _page(name: str, language: str, limit: int) -> str:
    with translation.override(language):
        return loader.render_to_string(name, {"megabytes": max(1, limit // 1_000_000)})


def _message(kind: str, language: str) -> str:
    with translation.override(language):
        if kind == "busy":
            return _("Beaucoup de demandes arrivent en ce moment. Réessayez dans quelques secondes.")
        if kind == "away":
            return _("Un service dont cette demande a besoin ne répond pas. Réessayez dans une minute.")
        return _("L’envoi est trop volumineux.")


def _language(request: HttpRequest, tenant: TenantRef | None) -> str:
    languages = dict(settings.LANGUAGES)
    language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if language not in languages:
        language = tenant.language if tenant else ""
    return language if language in languages else settings.LANGUAGE_CODE


class _BusyLog:
    """Limits the log to one line a second under overload. `at`: time of the last line; `since`: requests since it."""

    at = 0.0
    since = 0


def _log_busy() -> None:
    _BusyLog.since += 1
    now = time.monotonic()
    if now - _BusyLog.at >= 1.0:
        log.warning("busy: %s requests answered 503", _BusyLog.since)
        _BusyLog.at, _BusyLog.since = now, 0
