"""What every page's shell needs: sections one may use, and the state of the workspace."""

from typing import Any

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import MANAGERS, TEAM
from accounts.models import Role
from plans import entitlements
from tenants.context import TenantRef
from tenants.trials import days_left
from usage import notices


def shell(request: HttpRequest) -> dict[str, Any]:
    """`nav`, `searched`, `trial_days_left`, `embedded`, `quotas_near`, `error_shell`.

    No query unless a limit is near.
    """
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
    if tenant.state != "closed" and user.role != Role.OPERATOR:
        # What went wrong stands inside the workspace: its menu leads elsewhere. In a closed one it leads nowhere.
        context["error_shell"] = "errors/in_workspace.html"
    context["searched"] = _searched(request)
    shown = visible(_sections(user.role) if tenant.state != "closed" else _closed(user.role), tenant)
    current = max((item["url"] for item in shown if _is_current(request, item["url"])), key=len, default="")
    context["nav"] = [item | {"current": item["url"] == current} for item in shown]
    if user.role in MANAGERS:
        context["quotas_near"] = notices.near(tenant)
        # Whoever cannot choose an offer has no use for the trial's days.
        if tenant.state == "trial" and tenant.trial_ends_at:
            context["trial_days_left"] = days_left(tenant.trial_ends_at)
    return context


def _searched(request: HttpRequest) -> str:
    """What the search field shows. The page may be the one that says that the query cannot be read."""
    try:
        return request.GET.get("q", "")
    except SuspiciousOperation:
        return ""


def visible(entries: list[dict[str, Any]], tenant: TenantRef) -> list[dict[str, Any]]:
    """The entries that the workspace may use: one of a module names its right as `entitlement`."""
    rights = entitlements.of(tenant)
    return [entry for entry in entries if "entitlement" not in entry or rights.has(entry["entitlement"])]


def _is_current(request: HttpRequest, url: str) -> bool:
    return request.path == url if url == "/" else request.path.startswith(url)


def _plan() -> dict[str, Any]:
    return {"url": reverse("workspace_plan"), "label": _("Offre et facturation"), "icon": "credit-card"}


def _closed(role: str) -> list[dict[str, Any]]:
    """What opens in a closed workspace, which its owner alone still enters."""
    data = {"url": reverse("workspace_data"), "label": _("Mes données"), "icon": "download"}
    return [data, _plan()] if role == Role.OWNER else []


def _sections(role: str) -> list[dict[str, Any]]:
    home = {"url": reverse("home"), "label": _("Accueil"), "icon": "house"}
    if role in TEAM:
        managed = [
            {"url": reverse("workspace_usage"), "label": _("Utilisation"), "icon": "gauge"},
            *([_plan()] if role == Role.OWNER else []),
            {"url": reverse("workspace_settings"), "label": _("Réglages"), "icon": "settings"},
        ]
        return [
            home,
            {"url": reverse("conversations:list"), "label": _("Conversations"), "icon": "message-circle"},
            {"url": reverse("library:list"), "label": _("Bibliothèque"), "icon": "library"},
            *(managed if role in MANAGERS else []),
        ]
    if role == Role.LEARNER:
        return [home | {"label": _("Mes formations"), "icon": "graduation-cap"}]
    return [home | {"label": _("Mes liens"), "icon": "share-2"}]
