"""The operator's console: django-unfold's site, for operators of the public schema only.

Signing in, out and changing the password are those of the whole platform: one door, one set of limits.
"""

from collections.abc import Callable
from typing import Any

from csp.constants import NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver, re_path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.sites import UnfoldAdminSite

from accounts.models import Role

# The theme evaluates expressions that stand in its markup (Alpine) and writes styles inline. Here only.
CONTENT_SECURITY_POLICY: dict[str, list[str]] = {
    "default-src": [SELF],
    "script-src": [SELF, UNSAFE_EVAL, UNSAFE_INLINE],
    "style-src": [SELF, UNSAFE_INLINE],
    "img-src": [SELF, "data:"],
    "object-src": [NONE],
    "base-uri": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
}


# Models that stood in `billing` until it became three apps (docs/adr/0018): addresses kept by people go on.
MOVED = {
    **dict.fromkeys(("plan", "addon", "price", "override", "tenantaddon"), "plans"),
    **dict.fromkeys(("quotacounter", "reservation", "usageevent"), "usage"),
}


class RucheAdminSite(UnfoldAdminSite):
    index_title = _("Vue d’ensemble")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        former = rf"^billing/(?P<model>{'|'.join(MOVED)})/(?P<rest>.*)$"
        return [re_path(former, self.admin_view(self.moved), name="moved"), *super().get_urls()]

    def moved(self, request: HttpRequest, model: str, rest: str) -> HttpResponse:
        """The page of a former address, its filters kept."""
        query = request.META.get("QUERY_STRING", "")
        page = reverse(f"admin:{MOVED[model]}_{model}_changelist") + rest
        return redirect(f"{page}?{query}" if query else page, permanent=True)

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(
            request.tenant is None  # type: ignore[attr-defined]
            and user.is_authenticated
            and user.is_active
            and user.is_staff
            and user.role == Role.OPERATOR
        )

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Callable[..., Any]:
        inner = super().admin_view(view, cacheable)

        def with_policy(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                response: HttpResponseBase = inner(request, *args, **kwargs)
            except ValidationError as error:
                if not (args or kwargs):
                    raise
                # A key that is none ("not-a-uuid").
                raise Http404 from error
            response._csp_replace = CONTENT_SECURITY_POLICY  # type: ignore[attr-defined]
            return response

        # Django's URL resolver and decorators read marks that the inner view carries.
        with_policy.__dict__.update(inner.__dict__)
        return with_policy

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The platform's sign-in page, with its rate limits."""
        if self.has_permission(request):
            return redirect("admin:index")
        target = request.GET.get("next") or reverse("admin:index")
        return redirect_to_login(target, reverse("account_login"))

    def logout(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return _sign_out(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return redirect("account_change_password")


@require_POST
def _sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return redirect("account_login")
