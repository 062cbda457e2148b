"""The operator's read-only pages of revenue: figures by month and lines of the ledger, both also as CSV files."""

import csv
import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from billing.models import RevenueChange
from billing.mrr import figures
from billing.mrr.figures import Month
from billing.mrr.presenters import cause, kind_badge
from tenants.console import WorkspaceFilter
from tenants.models import Tenant
from ui import console_charts
from ui.console import NOTHING, DayRangeFilter, ReadOnlyAdmin, figure, moment
from ui.console_text import format_euros, format_signed_euros

Kind = RevenueChange.Kind
# Kind of movement → sign in the chart (losses are drawn below zero), colour.
BAR_STYLES = {
    Kind.NEW: (1, "#16a34a"),
    Kind.REACTIVATION: (1, "#0d9488"),
    Kind.EXPANSION: (1, "#3b82f6"),
    Kind.CONTRACTION: (-1, "#d97706"),
    Kind.CHURN: (-1, "#dc2626"),
}
MONTH_COUNTS = (12, 24, 36)
LATEST_COUNT = 10


@admin.register(RevenueChange)
class RevenueChangeAdmin(ReadOnlyAdmin):
    list_display = (
        "shown_at",
        "shown_workspace",
        "shown_kind",
        "shown_move",
        "shown_after",
        "plan_code",
        "shown_cause",
    )
    list_display_links = None
    list_filter = (("tenant_slug", WorkspaceFilter), "kind", ("at", DayRangeFilter))
    list_filter_submit = True
    search_fields = ("tenant_slug", "plan_code")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_workspaces(super().get_queryset(request))

    def get_urls(self) -> list[Any]:
        admin_view = self.admin_site.admin_view
        urls = [
            path("months/", admin_view(self.months_view), name="billing_revenue"),
            path("months.csv", admin_view(self.months_file), name="billing_revenue_months_file"),
            path("lines.csv", admin_view(self.lines_file), name="billing_revenue_lines_file"),
        ]
        return [*urls, *super().get_urls()]

    def months_view(self, request: HttpRequest) -> HttpResponse:
        """Figures and charts of the last months. `?months=`: their number, one of `MONTH_COUNTS`."""
        count = _month_count(request)
        months = figures.by_month(count)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Revenus"),
            "opts": self.opts,
            "months": months,
            "now": months[-1],
            "at_risk": figures.at_risk(),
            "plans": figures.by_plan(),
            "latest": with_workspaces(RevenueChange.objects.all())[:LATEST_COUNT],
            "spans": MONTH_COUNTS,
            "span": count,
            "ends_chart": _mrr_chart(months),
            "moves_chart": _movements_chart(months),
            "ends_options": json.dumps(_mrr_options(months)),
            "moves_options": json.dumps(_movements_options(months)),
        }
        return TemplateResponse(request, "admin/revenue.html", context)

    def months_file(self, request: HttpRequest) -> HttpResponse:
        """CSV file of the months, oldest first."""
        names = ("start", *Kind.values, "end", "workspaces", "left")
        rows = (
            [month.first_day, *(getattr(month, name) for name in names)]
            for month in figures.by_month(_month_count(request))
        )
        return _csv_response("months", ["month", *names], rows)

    def lines_file(self, request: HttpRequest) -> HttpResponse:
        """CSV file of all lines of the ledger, oldest first."""
        names = ("tenant_slug", "tenant_id", "kind", "before_euros", "after_euros", "plan_code", "reason")
        rows = RevenueChange.objects.order_by("at", "id").values_list("at", *names).iterator()
        return _csv_response(
            "ledger", ["at", *names], ([timezone.localtime(at).isoformat(), *values] for at, *values in rows)
        )

    @display(description=gettext_lazy("Date"), ordering="at")
    def shown_at(self, row: RevenueChange) -> str | SafeString:
        return moment(row.at)

    @display(description=gettext_lazy("Espace"), ordering="tenant_slug")
    def shown_workspace(self, row: Any) -> str | SafeString:
        if not row.is_there:
            return row.tenant_slug or NOTHING
        page = reverse("admin:tenants_tenant_change", args=[row.tenant_id])
        return format_html('<a class="rc-link" href="{}">{}</a>', page, row.tenant_slug)

    @display(description=gettext_lazy("Mouvement"), ordering="kind")
    def shown_kind(self, row: RevenueChange) -> SafeString:
        return kind_badge(row)

    @display(description=gettext_lazy("Écart"))
    def shown_move(self, row: RevenueChange) -> SafeString:
        return figure(format_signed_euros(row.after_euros - row.before_euros))

    @display(description=gettext_lazy("Revenu mensuel"), ordering="after_euros")
    def shown_after(self, row: RevenueChange) -> SafeString:
        return figure(format_euros(row.after_euros))

    @display(description=gettext_lazy("Motif"), ordering="reason")
    def shown_cause(self, row: RevenueChange) -> str:
        return cause(row)


def with_workspaces(lines: QuerySet[RevenueChange]) -> QuerySet[Any]:
    """The lines with `is_there`: True if their workspace exists, so that its page can be linked."""
    return lines.annotate(is_there=Exists(Tenant.objects.filter(pk=OuterRef("tenant_id"))))


def _month_count(request: HttpRequest) -> int:
    value = request.GET.get("months", "")
    return int(value) if value in map(str, MONTH_COUNTS) else MONTH_COUNTS[0]


def _csv_response(name: str, header: list[str], rows: Iterable[Iterable[Any]]) -> HttpResponse:
    """A CSV file for spreadsheets: ISO 8601 dates, decimal points."""
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="ruche-revenue-{name}.csv"'
    writer = csv.writer(response)
    writer.writerow(header)
    writer.writerows(rows)
    return response


# Charts in the format of unfold's components. Floats are precise enough here; the table has the exact amounts.


def _labels(months: list[Month]) -> list[str]:
    return [console_charts.short_month(month.first_day) for month in months]


def _mrr_chart(months: list[Month]) -> str:
    color = "var(--color-primary-600)"
    series = {
        "label": _("Revenu mensuel (€)"),
        "data": [float(month.end) for month in months],
        "borderColor": color,
        "backgroundColor": color,
    }
    return json.dumps({"labels": _labels(months), "datasets": [series]})


def _movements_chart(months: list[Month]) -> str:
    series = [
        {
            "label": str(kind.label),
            "data": [sign * float(getattr(month, kind.value)) for month in months],
            "backgroundColor": color,
            "stack": "all",
        }
        for kind, (sign, color) in BAR_STYLES.items()
    ]
    return json.dumps({"labels": _labels(months), "datasets": series})


def _mrr_options(months: list[Month]) -> dict[str, Any]:
    return console_charts.options(max((float(month.end) for month in months), default=0), in_euros=True)


def _movements_options(months: list[Month]) -> dict[str, Any]:
    """Options for bars that are stacked above zero (gains) and below it (losses)."""

    def highest(side: int) -> float:
        kinds = [kind.value for kind, (sign, _color) in BAR_STYLES.items() if sign == side]
        return max((float(sum(getattr(month, kind) for kind in kinds)) for month in months), default=0)

    return console_charts.options(highest(1), minimum=-highest(-1), in_euros=True, is_stacked=True)
