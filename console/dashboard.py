"""The console's first page: six cards, thirty days, latest acts, who costs most. Few queries, whatever the fleet."""

import json
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from analytics import selectors
from assistants.ends import ending
from billing.mrr import figures
from tenants.models import Tenant
from usage.selectors import latest_acts

TOP = 5


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What unfold's index page is rendered with."""
    tenants = Tenant.objects.exclude(state=Tenant.State.CLOSED)
    top = [row for row in selectors.with_figures(tenants).order_by("-cost", "name")[:TOP] if row.cost]
    days = selectors.last_days()
    return {
        **context,
        "overview": selectors.overview(),
        "mrr": figures.mrr_at(timezone.now()),
        "at_risk": figures.at_risk(),
        "is_empty": not Tenant.objects.exists(),
        "latest": latest_acts(),
        "models_ending": ending(),
        "today": timezone.localdate(),
        "top": top,
        "days": days,
        "has_days": any(day["all_tokens"] for day in days),
        "cost_chart": _chart(days, "all_cost", _("Coût (€)"), "var(--color-primary-600)"),
        "token_chart": _chart(days, "all_tokens", _("Jetons"), "var(--color-base-500)"),
        "new_workspace_url": reverse("admin:tenants_tenant_new_workspace"),
    }


def _chart(days: list[dict[str, Any]], key: str, label: str, color: str) -> str:
    """One series as unfold's chart component reads it. Floats are for the eye: the exact sum stands in the card."""
    series = {
        "label": label,
        "data": [float(day[key]) for day in days],
        "borderColor": color,
        "backgroundColor": color,
        "displayYAxis": True,
        "maxTicksXLimit": 6,
    }
    labels = [formats.date_format(day["day"], "MONTH_DAY_FORMAT") for day in days]
    return json.dumps({"labels": labels, "datasets": [series]})
