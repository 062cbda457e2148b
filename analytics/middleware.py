"""Records active members: one cache look-up per request, one write per member and day."""

from django.core.cache import cache
from django.http import HttpRequest, HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from analytics.services import record_presence
from ui.days import platform_today


class PresenceMiddleware(MiddlewareMixin):
    def process_view(self, request: HttpRequest, *args: object) -> HttpResponseBase | None:
        user = request.user
        is_counted = request.tenant and request.tenant.writable and user.is_authenticated  # type: ignore[attr-defined]
        if is_counted and cache.add(f"here:{user.pk}:{platform_today()}", 1, 26 * 3600):
            record_presence(user.pk)  # type: ignore[arg-type]
        return None
