"""The operator's console (django-unfold)."""

from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

__all__ = ["UNFOLD"]


def _link(title: Any, icon: str, view: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(view)}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Ruche",
    "SITE_HEADER": "Ruche",
    "SITE_SUBHEADER": _("Console de l’opérateur"),
    "SITE_SYMBOL": "hive",
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_HISTORY": True,
    "DASHBOARD_CALLBACK": "analytics.dashboard.dashboard",
    "BORDER_RADIUS": "8px",
    "SIDEBAR": {
        "show_search": True,
        "show_all_applications": False,
        "navigation": [],
    },
}
