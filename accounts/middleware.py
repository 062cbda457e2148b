"""Middleware for language, access, caching of private pages, and error pages of refusals."""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.db import DataError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string

from accounts.access import SAFE_METHODS, Access, NotEntitled, declared_access
from accounts.models import Role
from accounts.profiles import known_zone, note_visit
from tenants.services import ReadOnlyWorkspace

log = logging.getLogger(__name__)
# Types that get `no-store` after sign-in; views of files and streams set their own Cache-Control.
NO_STORE_TYPES = ("text/html", "application/json", "text/plain")
SIGN_OUT = frozenset({"account_logout", "admin:logout"})


class LanguageMiddleware(MiddlewareMixin):
    """Language from the cookie, else the user, else the workspace, else French. Accept-Language is ignored.

    On the public host an address may name its language (`?lang=en`), so that search engines have one for each.
    """

    def process_request(self, request: HttpRequest) -> None:
        known = dict(settings.LANGUAGES)
        language = ""
        if request.tenant is None and "lang=" in request.META.get("QUERY_STRING", ""):  # type: ignore[attr-defined]
            language = request.GET.get("lang", "")
            request.language_of_address = language in known  # type: ignore[attr-defined]
        if language not in known:
            language = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if language not in known and request.session.session_key:
            language = getattr(request.user, "language", "")
        if language not in known and request.tenant:  # type: ignore[attr-defined]
            language = request.tenant.language  # type: ignore[attr-defined]
        translation.activate(language if language in known else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        if getattr(request, "language_of_address", False):
            # The next pages stay in it, as after the switch of languages.
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                request.LANGUAGE_CODE,
                max_age=settings.LANGUAGE_COOKIE_AGE,
                path=settings.LANGUAGE_COOKIE_PATH,
                domain=settings.LANGUAGE_COOKIE_DOMAIN,
                secure=settings.LANGUAGE_COOKIE_SECURE,
                httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
                samesite=settings.LANGUAGE_COOKIE_SAMESITE,  # type: ignore[arg-type]
            )
        return response


class AccessMiddleware(MiddlewareMixin):
    """Checks the declared access of a view before it runs. A view without a declaration is refused."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        # Always set: the thread may have that of a former request.
        zone = known_zone(getattr(request.user, "time_zone", ""))
        timezone.activate(zone) if zone else timezone.deactivate()
        name = request.resolver_match.view_name if request.resolver_match else ""
        access = declared_access(view, name)
        if access is None:
            log.error("refused: no access declared for %s", name or view)
            return render(request, "403.html", status=403)
        refusal = self.refusal(request, access)
        if refusal is None and request.user.is_authenticated:
            note_visit(request.user)
        return refusal

    def refusal(self, request: HttpRequest, access: Access) -> HttpResponseBase | None:
        """The response to a request without access, or None if access is granted."""
        tenant, user = request.tenant, request.user  # type: ignore[attr-defined]
        if access.roles is not None:
            if not user.is_authenticated:
                return self._sign_in(request)
            if not self._belongs_to_site(tenant, user) or user.role not in access.roles:
                log.warning("refused: role %s for %s", user.role, request.path)
                return render(request, "403.html", status=403)
        if user.is_authenticated and user.must_change_password and not access.before_password_change:
            return redirect("account_change_password")
        if tenant is None:
            return None
        return self._refusal_for_state(request, access)

    def _refusal_for_state(self, request: HttpRequest, access: Access) -> HttpResponseBase | None:
        tenant, user = request.tenant, request.user  # type: ignore[attr-defined]
        is_locked_out = tenant.state == "closed" and user.is_authenticated and user.role != Role.OWNER
        if tenant.state not in access.states or (is_locked_out and access.roles is not None):
            return render(request, "errors/suspended.html", {"closed": True}, status=403)
        if not tenant.writable and request.method not in SAFE_METHODS and not access.writes_when_read_only:
            log.info("refused: %s workspace is read-only", tenant.state)
            # htmx shows the reason beside the form, which keeps its input.
            page = "errors/suspended_notice.html" if request.headers.get("HX-Request") else "errors/suspended.html"
            return render(request, page, status=403)
        if access.entitlement and not import_string(settings.ENTITLEMENT_CHECK)(tenant, access.entitlement):
            return _not_entitled(request, access.entitlement)
        return None

    @staticmethod
    def _belongs_to_site(tenant: Any, user: Any) -> bool:
        """Operators belong to the public host, members to their workspace."""
        return bool((user.role == Role.OPERATOR) == (tenant is None))

    @staticmethod
    def _sign_in(request: HttpRequest) -> HttpResponse:
        if request.headers.get("HX-Request") or "text/event-stream" in request.headers.get("Accept", ""):
            response = HttpResponse(status=401)
            response["HX-Redirect"] = redirect_to_login(_referring_page(request), reverse("account_login")).url
            return response
        # A redirect cannot repeat a POST, so sign-in leads back to the page of the form.
        next_path = request.get_full_path() if request.method in SAFE_METHODS else _referring_page(request)
        return redirect_to_login(next_path, reverse("account_login"))


def _referring_page(request: HttpRequest) -> str:
    """The path of the page that made the request, on this host; "/" if unknown."""
    referrer = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(referrer, {request.get_host()}):
        return "/"
    try:
        parts = urlsplit(referrer)
    except ValueError:
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "") or "/"


class PrivatePagesMiddleware(MiddlewareMixin):
    """Forbids caching of pages after sign-in, so that the back button shows nothing after signing out.

    Signing out also clears the browser's cache (files) and storage (drafts). An empty 405 gets a page.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            # Django's response is empty. Users reach it by opening the URL of a POST-only view.
            page = render(request, "405.html", status=405)
            page["Allow"] = response["Allow"]
            response = page
        signed_in = settings.SESSION_COOKIE_NAME in request.COOKIES
        is_page = response.headers.get("Content-Type", "").startswith(NO_STORE_TYPES)
        if signed_in and is_page and "Cache-Control" not in response.headers:
            response["Cache-Control"] = "private, no-store"
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in SIGN_OUT and request.method == "POST":
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response


class RefusalMiddleware(MiddlewareMixin):
    """Turns refusals raised by services into error pages."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, ReadOnlyWorkspace):
            return render(request, "errors/suspended.html", status=403)
        if isinstance(exception, NotEntitled):
            return _not_entitled(request, exception.key)
        if isinstance(exception, DataError):
            # A value that no column can hold (out of range, a NUL): PostgreSQL refuses it and nothing is changed.
            log.warning("refused by the database: %s %s: %s", request.method, request.path, exception)
            return render(request, "400.html", status=400)
        return None


def _not_entitled(request: HttpRequest, entitlement: str) -> HttpResponse:
    """403 page that names the plans with the entitlement and who may choose one. For htmx, only the notice."""
    log.info("refused: no entitlement %s for %s", entitlement, request.path)
    page = "errors/blocked_notice.html" if request.headers.get("HX-Request") else "errors/blocked.html"
    return render(request, page, {"entitlement": entitlement}, status=403)
