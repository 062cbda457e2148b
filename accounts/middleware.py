"""Language, access and refusals. Everything a view need not think of."""

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
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string

from accounts.access import SAFE_METHODS, Access, NotEntitled, declared_access
from accounts.models import Role
from tenants.services import ReadOnlyWorkspace

log = logging.getLogger(__name__)
# What a person reads; files and streams say by themselves how long they are kept.
KEPT_NOWHERE = ("text/html", "application/json", "text/plain")
SIGN_OUT = frozenset({"account_logout", "admin:logout"})


class LanguageMiddleware(MiddlewareMixin):
    """Chosen by cookie, else by the person, else by the workspace, else French. Not guessed from the browser."""

    def process_request(self, request: HttpRequest) -> None:
        known = dict(settings.LANGUAGES)
        wanted = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        if wanted not in known and request.session.session_key:
            wanted = getattr(request.user, "language", "")
        if wanted not in known and request.tenant:  # type: ignore[attr-defined]
            wanted = request.tenant.language  # type: ignore[attr-defined]
        translation.activate(wanted if wanted in known else settings.LANGUAGE_CODE)
        request.LANGUAGE_CODE = translation.get_language()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        response.headers.setdefault("Content-Language", translation.get_language() or settings.LANGUAGE_CODE)
        return response


class AccessMiddleware(MiddlewareMixin):
    """Asks each view's declared access before it runs. A view without one is refused."""

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        access = declared_access(view, name)
        if access is None:
            log.error("refused: no access declared for %s", name or view)
            return render(request, "403.html", status=403)
        return self.refusal(request, access)

    def refusal(self, request: HttpRequest, access: Access) -> HttpResponseBase | None:
        tenant, user = request.tenant, request.user  # type: ignore[attr-defined]
        if access.roles is not None:
            if not user.is_authenticated:
                return self._sign_in(request)
            if not self._at_home(tenant, user) or user.role not in access.roles:
                log.warning("refused: role %s for %s", user.role, request.path)
                return render(request, "403.html", status=403)
        if user.is_authenticated and user.must_change_password and not access.before_password_change:
            return redirect("account_change_password")
        if tenant is None:
            return None
        return self._refusal_of_state(request, access)

    def _refusal_of_state(self, request: HttpRequest, access: Access) -> HttpResponseBase | None:
        tenant, user = request.tenant, request.user  # type: ignore[attr-defined]
        closed_to = tenant.state == "closed" and user.is_authenticated and user.role != Role.OWNER
        if tenant.state not in access.states or (closed_to and access.roles is not None):
            return render(request, "errors/suspended.html", {"closed": True}, status=403)
        if not tenant.writable and request.method not in SAFE_METHODS and not access.writes_when_read_only:
            log.info("refused: %s workspace is read-only", tenant.state)
            # htmx puts the reason where the form stands; what was typed stays.
            page = "errors/suspended_notice.html" if request.headers.get("HX-Request") else "errors/suspended.html"
            return render(request, page, status=403)
        if access.entitlement and not import_string(settings.ENTITLEMENT_CHECK)(tenant, access.entitlement):
            return _blocked(request, access.entitlement)
        return None

    @staticmethod
    def _at_home(tenant: Any, user: Any) -> bool:
        """Operators are at home on the public host only, members in their workspace only."""
        return bool((user.role == Role.OPERATOR) == (tenant is None))

    @staticmethod
    def _sign_in(request: HttpRequest) -> HttpResponse:
        if request.headers.get("HX-Request") or "text/event-stream" in request.headers.get("Accept", ""):
            response = HttpResponse(status=401)
            response["HX-Redirect"] = redirect_to_login(_page_of(request), reverse("account_login")).url
            return response
        # A form that was sent cannot be sent again by a redirect: its page keeps what was typed.
        wanted = request.get_full_path() if request.method in SAFE_METHODS else _page_of(request)
        return redirect_to_login(wanted, reverse("account_login"))


def _page_of(request: HttpRequest) -> str:
    """The path of the page that a request was made from, on this host; "/" where it does not say."""
    said = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""
    if not url_has_allowed_host_and_scheme(said, {request.get_host()}):
        return "/"
    try:
        parts = urlsplit(said)
    except ValueError:
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "") or "/"


class PrivatePagesMiddleware(MiddlewareMixin):
    """Pages of somebody signed in are kept nowhere: the back button asks again, also after signing out.

    Signing out also takes what the browser keeps of the workspace: files in its cache, drafts in its storage. A method
    that a view does not take is answered with a page.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            # Django's own is blank: people come upon it by the address of an act.
            page = render(request, "405.html", status=405)
            page["Allow"] = response["Allow"]
            response = page
        signed_in = settings.SESSION_COOKIE_NAME in request.COOKIES
        is_page = response.headers.get("Content-Type", "").startswith(KEPT_NOWHERE)
        if signed_in and is_page and "Cache-Control" not in response.headers:
            response["Cache-Control"] = "private, no-store"
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in SIGN_OUT and request.method == "POST":
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response


class RefusalMiddleware(MiddlewareMixin):
    """Turns the refusals that services raise into pages for people."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, ReadOnlyWorkspace):
            return render(request, "errors/suspended.html", status=403)
        if isinstance(exception, NotEntitled):
            return _blocked(request, exception.key)
        if isinstance(exception, DataError):
            # A number, date or text that no column holds (out of range, a NUL): PostgreSQL refuses it, nothing is done.
            log.warning("refused by the database: %s %s: %s", request.method, request.path, exception)
            return render(request, "400.html", status=400)
        return None


def _blocked(request: HttpRequest, entitlement: str) -> HttpResponse:
    """What is not in the plan: which offer has it, and who may choose that. For htmx, the notice alone."""
    log.info("refused: no entitlement %s for %s", entitlement, request.path)
    page = "errors/blocked_notice.html" if request.headers.get("HX-Request") else "errors/blocked.html"
    return render(request, page, {"entitlement": entitlement}, status=403)
