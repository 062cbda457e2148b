"""Template context of the page shell: navigation and notices of the workspace."""

from functools import partial
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
from tenants.platform import lazy_platform
from tenants.trials import days_left
from usage import notices
from website.settings_navigation import settings_groups


def shell(request: HttpRequest) -> dict[str, Any]:
    """`nav`, `platform`, `search_query`, `trial_days_left`, `embedded`, `quotas_near`, `error_shell` and
    `settings_groups`.

    Makes no query unless a quota is nearly used up.
    """
    tenant = getattr(request, "tenant", None)
    user = getattr(request, "user", None)
    context: dict[str, Any] = {
        "tenant": tenant,
        "embedded": settings.RUCHE_EMBEDDED,
        "base_url": settings.RUCHE_BASE_URL,
        "platform": lazy_platform(),
        "nav": [],
    }
    if tenant is None or user is None or not user.is_authenticated:
        return context
    if tenant.state != "closed" and user.role != Role.OPERATOR:
        # Error pages show the workspace's navigation, except in a closed workspace, where it has no pages.
        context["error_shell"] = "errors/in_workspace.html"
    context["search_query"] = _search_query(request)
    entries = navigation(request)
    current = max((item["url"] for item in entries if _is_current(request, item["url"])), key=len, default="")
    context["nav"] = [item | {"current": item["url"] == current} for item in entries]
    # Called by the template of a settings page.
    context["settings_groups"] = partial(settings_groups, request)
    if user.role in MANAGERS:
        context["quotas_near"] = notices.near_limits(tenant)
        # Shown to managers only, who can choose a plan.
        if tenant.state == "trial" and tenant.trial_ends_at:
            context["trial_days_left"] = days_left(tenant.trial_ends_at)
    return context


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Sections of the workspace that the signed-in person may open: {url, label, icon}."""
    tenant, role = request.tenant, request.user.role  # type: ignore[attr-defined, union-attr]
    return visible_entries(_sections(role) if tenant.state != "closed" else _sections_when_closed(role), tenant)


def _search_query(request: HttpRequest) -> str:
    """Text of the search field; "" if the query string is malformed, as on the error page about it."""
    try:
        return request.GET.get("q", "")
    except SuspiciousOperation:
        return ""


def visible_entries(entries: list[dict[str, Any]], tenant: TenantRef) -> list[dict[str, Any]]:
    """The entries whose `entitlement`, if any, is included in the plan of the workspace."""
    included = entitlements.for_tenant(tenant)
    return [entry for entry in entries if "entitlement" not in entry or included.has(entry["entitlement"])]


def _is_current(request: HttpRequest, url: str) -> bool:
    return request.path == url if url == "/" else request.path.startswith(url)


def _plan_section() -> dict[str, Any]:
    return {"url": reverse("workspace_plan"), "label": _("Offre et facturation"), "icon": "credit-card"}


def _sections_when_closed(role: str) -> list[dict[str, Any]]:
    """Sections of a closed workspace, which only its owner can open."""
    data = {"url": reverse("workspace_data"), "label": _("Mes données"), "icon": "download"}
    return [data, _plan_section()] if role == Role.OWNER else []


def _sections(role: str) -> list[dict[str, Any]]:
    home = {"url": reverse("home"), "label": _("Accueil"), "icon": "house"}
    if role in TEAM:
        managed = [
            {"url": reverse("members"), "label": _("Membres"), "icon": "users"},
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
