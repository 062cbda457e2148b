"""Figures of the public site for the console: the funnel, pages, sources, clicks."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from tenants.context import public_context
from ui.days import platform_today, start_of_day
from website.measure import PAGES
from website.models import Lead, SiteCount

SPANS: Final = (30, 90, 365)
MOST: Final = 20
Name = SiteCount.Name


def figures(days: int) -> dict[str, Any]:
    """`steps` of the funnel as (label, count, percent of the step before), `pages`, `sources`, `clicks`.

    Visitors are counted by day: someone who comes on three days counts three times.
    """
    first_day = platform_today() - timedelta(days=days - 1)
    with public_context():
        rows = SiteCount.objects.filter(day__gte=first_day)
        totals = dict(rows.order_by().values_list("name").annotate(total=Sum("count")))
        leads = Lead.objects.filter(created_at__gte=start_of_day(first_day)).count()

        def ranked(name: str, *by: str) -> list[dict[str, Any]]:
            return list(
                rows.filter(name=name).order_by().values(*by).annotate(total=Sum("count")).order_by("-total")[:MOST]
            )

        pages, clicks = _named(ranked(Name.VIEW, "page")), _named(ranked(Name.CLICK, "page"))
        sources = ranked(Name.VIEW, "source", "medium", "campaign")
    counts = [
        (Name.VISITOR.label, totals.get(Name.VISITOR, 0)),
        (_("contacts et demandes d’espace"), leads + totals.get(Name.REQUEST, 0)),
        (Name.TRIAL.label, totals.get(Name.TRIAL, 0)),
        (Name.PAID.label, totals.get(Name.PAID, 0)),
    ]
    befores = [0, *(count for _label, count in counts)]
    steps = [
        {"label": label, "count": count, "percent": round(100 * count / before, 1) if before else None}
        for (label, count), before in zip(counts, befores, strict=False)
    ]
    return {"steps": steps, "pages": pages, "sources": sources, "clicks": clicks, "views": totals.get(Name.VIEW, 0)}


def _named(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with names of pages; a page that is gone keeps its code."""
    return [row | {"page": PAGES.get(row["page"], row["page"])} for row in rows]
