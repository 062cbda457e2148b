"""What every page's shell needs: sections one may use, and the state of the workspace."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import MANAGERS, TEAM
from accounts.models import Role


def shell(request: HttpRequest) -> dict[str, Any]:
    """`nav`, `tenant`, `trial_days_left`, `embedded`. No query."""
    tenant = getattr(request, "tenant", None)
    user = getattr(request, "user", None)
    context: dict[str, Any] = {
        "tenant": tenant,
        "embedded": settings.RUCHE_EMBEDDED,
        "base_url": settings.RUCHE_BASE_URL,
        "nav": [],
    }
    if tenant is None or user is None or not user.is_authenticated:
        return context
    context["nav"] = [item | {"current": _is_current(request, item["url"])} for item in _sections(user.role)]
    if tenant.state == "trial" and tenant.trial_ends_at:
        context["trial_days_left"] = max(0, (tenant.trial_ends_at - timezone.now()).days + 1)
    return context


def _is_current(request: HttpRequest, url: str) -> bool:
    return request.path == url if url == "/" else request.path.startswith(url)


def _sections(role: str) -> list[dict[str, Any]]:
    home = {"url": reverse("home"), "label": _("Accueil"), "icon": "house"}
    if role in TEAM:
        managed = [{"url": reverse("workspace_settings"), "label": _("Réglages"), "icon": "settings"}]
        return [
            home,
            {"url": reverse("conversations:list"), "label": _("Conversations"), "icon": "message-circle"},
            {"url": reverse("library:list"), "label": _("Bibliothèque"), "icon": "library"},
            *(managed if role in MANAGERS else []),
        ]
    if role == Role.LEARNER:
        return [home | {"label": _("Mes formations"), "icon": "graduation-cap"}]
    return [home | {"label": _("Mes liens"), "icon": "share-2"}]
