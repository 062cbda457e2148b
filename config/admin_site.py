"""The operator's console: django-unfold's site, for operators of the public schema only."""

from django.http import HttpRequest
from unfold.sites import UnfoldAdminSite

from accounts.models import Role


class RucheAdminSite(UnfoldAdminSite):
    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return bool(
            request.tenant is None  # type: ignore[attr-defined]
            and user.is_authenticated
            and user.is_active
            and user.is_staff
            and user.role == Role.OPERATOR
        )
