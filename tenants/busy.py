"""Answers of a process that cannot take a request: 503 where it is busy, 413 where a body is too large.

They ask neither the database nor Redis nor the session, so that they cost nothing in the moment they are needed.
"""

import logging
import time
from functools import lru_cache
from types import UnionType
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import loader
from django.utils import translation
from django.utils.translation import gettext as _
from psycopg_pool import PoolClosed, PoolTimeout

from tenants.admission import Busy
from tenants.context import TenantRef
from tenants.resting import Away

log = logging.getLogger(__name__)
RETRY_AFTER_SECONDS: Final = 2
# Where a server does not answer: longer than it is left alone.
AWAY_SECONDS: Final = 30
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
}


def is_busy(error: BaseException | None) -> bool:
    """Whether an error, or one it was raised from, says that what it needs did not come in time: a connection, a turn,
    the answer of a server."""
    return _is_from(error, Busy | PoolTimeout | PoolClosed | Away)


def _is_from(error: BaseException | None, kinds: UnionType | type[Exception]) -> bool:
    seen = 0
    while error is not None and seen < 10:
        if isinstance(error, kinds):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def busy(request: HttpRequest, tenant: TenantRef | None = None, *, error: BaseException | None = None) -> HttpResponse:
    """503, and when to come again: a page for people, a notice for htmx, an object for machines."""
    is_away = _is_from(error, Away)
    _say_busy()
    response = _answer(request, tenant, "away" if is_away else "busy", 503)
    response["Retry-After"] = str(AWAY_SECONDS if is_away else RETRY_AFTER_SECONDS)
    return response


def too_large(request: HttpRequest, most: int, tenant: TenantRef | None = None) -> HttpResponse:
    """413, with what the page takes at most, in bytes. The connection is closed: its body was not read."""
    response = _answer(request, tenant, "too_large", 413, most)
    response["Connection"] = "close"
    return response


def _answer(request: HttpRequest, tenant: TenantRef | None, kind: str, status: int, most: int = 0) -> HttpResponse:
    language = _language(request, tenant)
    accepted = request.headers.get("Accept", "")
    response: HttpResponse
    if request.headers.get("HX-Request"):
        response = HttpResponse(_page(f"errors/{kind}_notice.html", language, most), status=status)
    elif "application/json" in accepted and "text/html" not in accepted:
        response = JsonResponse({"error": kind, "detail": _words(kind, language)}, status=status)
    else:
        response = HttpResponse(_page(f"errors/{kind}.html", language, most), status=status)
    for name, value in _HEADERS.items():
        response[name] = value
    response["Content-Language"] = language
    return response


@lru_cache(maxsize=64)
def _page(name: str, language: str, most: int) -> str:
    with translation.override(language):
        return loader.render_to_string(name, {"megabytes": max(1, most // 1_000_000)})


def _words(kind: str, language: str) -> str:
    with translation.override(language):
        if kind == "busy":
            return _("Beaucoup de demandes arrivent en ce moment. Réessayez dans quelques secondes.")
        if kind == "away":
            return _("Un service dont cette demande a besoin ne répond pas. Réessayez dans une minute.")
        return _("L’envoi est trop volumineux.")


def _language(request: HttpRequest, tenant: TenantRef | None) -> str:
    known = dict(settings.LANGUAGES)
    wanted = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
    if wanted not in known:
        wanted = tenant.language if tenant else ""
    return wanted if wanted in known else settings.LANGUAGE_CODE


class _Said:
    """One line of log a second at most: the moment there is most to log is the moment to log least."""

    at = 0.0
    since = 0


def _say_busy() -> None:
    _Said.since += 1
    now = time.monotonic()
    if now - _Said.at >= 1.0:
        log.warning("busy: %s requests were told to come again", _Said.since)
        _Said.at, _Said.since = now, 0
