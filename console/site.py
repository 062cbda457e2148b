"""The console: django-unfold's site, for operators of the public schema only.

Sign-in, sign-out and password change are the platform's, so that the same rate limits apply.
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

# For the console only: the theme evaluates expressions in its markup (Alpine) and uses inline styles.
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

# Models that were in `billing` (docs/adr/0018), with their apps: bookmarked URLs are redirected.
MOVED_MODELS = {
    **dict.fromkeys(("plan", "addon", "price", "override", "tenantaddon"), "plans"),
    **dict.fromkeys(("quotacounter", "reservation", "usageevent"), "usage"),
}


class RucheAdminSite(UnfoldAdminSite):
    index_title = _("Vue d’ensemble")

    def get_urls(self) -> list[URLPattern | URLResolver]:
        former_path = rf"^billing/(?P<model>{'|'.join(MOVED_MODELS)})/(?P<rest>.*)$"
        return [re_path(former_path, self.admin_view(self.redirect_moved), name="moved"), *super().get_urls()]

    def redirect_moved(self, request: HttpRequest, model: str, rest: str) -> HttpResponse:
        """Redirect to the new URL of a page, with its filters."""
        query = request.META.get("QUERY_STRING", "")
        page = reverse(f"admin:{MOVED_MODELS[model]}_{model}_changelist") + rest
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
                # Raised for an id that is not a UUID.
                raise Http404 from error
            if not hasattr(response, "_csp_replace"):
                response._csp_replace = CONTENT_SECURITY_POLICY  # type: ignore[attr-defined]
            return response

        # Keep the attributes that Django's URL resolver and decorators read.
        with_policy.__dict__.update(inner.__dict__)
        return with_policy

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Redirect to the platform's sign-in page, which has rate limits."""
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
