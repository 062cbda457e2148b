"""Home page of the console: cards, charts of thirty days, latest usage events, most expensive workspaces."""

import json
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from analytics import selectors
from assistants.ends import ending
from billing.api import mrr_figures as figures
from tenants.models import Tenant
from ui.console_charts import options, short_day
from usage.selectors import latest_acts
from website import legal

TOP_COUNT = 5


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Context of unfold's index page (`DASHBOARD_CALLBACK`)."""
    tenants = Tenant.objects.exclude(state=Tenant.State.CLOSED)
    top = [row for row in selectors.with_figures(tenants).order_by("-cost", "name")[:TOP_COUNT] if row.cost]
    days = selectors.daily_totals()
    return {
        **context,
        "overview": selectors.overview(),
        "mrr": figures.mrr_at(timezone.now()),
        "at_risk": figures.at_risk(),
        "is_empty": not Tenant.objects.exists(),
        "latest": latest_acts(),
        "models_ending": ending(),
        "has_legal_tasks": legal.has_tasks(),
        "today": timezone.localdate(),
        "top": top,
        "days": days,
        "has_days": any(day["total_tokens"] for day in days),
        "cost_options": _options(days, "total_cost", in_euros=True),
        "token_options": _options(days, "total_tokens"),
        "cost_chart": _chart(days, "total_cost", _("Coût (€)"), "var(--color-primary-600)"),
        "token_chart": _chart(days, "total_tokens", _("Jetons"), "var(--color-base-500)"),
        "new_workspace_url": reverse("admin:tenants_tenant_new_workspace"),
    }


def _chart(days: list[dict[str, Any]], key: str, label: str, color: str) -> str:
    """JSON of one series for unfold's chart component. Floats suffice for a chart; the card shows the exact total."""
    series = {
        "label": label,
        "data": [float(day[key]) for day in days],
        "borderColor": color,
        "backgroundColor": color,
    }
    labels = [short_day(day["day"]) for day in days]
    return json.dumps({"labels": labels, "datasets": [series]})


def _options(days: list[dict[str, Any]], key: str, *, in_euros: bool = False) -> str:
    """JSON of the chart's options: rounded ticks up to the highest day."""
    return json.dumps(options(max((float(day[key]) for day in days), default=0), in_euros=in_euros))
