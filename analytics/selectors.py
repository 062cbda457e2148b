"""The operator's figures, from the daily rollups and the table of workspaces: a few queries, whatever the fleet."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from analytics.models import DailyFigures
from tenants.models import Tenant


@dataclass(frozen=True)
class Overview:
    """Four cards. Tokens and euros (exact) of this month; people of today."""

    trial: int
    active: int
    past_due: int
    suspended: int
    contents_month: int
    contents_total: int
    tokens_month: int
    cost_month: Decimal
    people_today: int


def overview() -> Overview:
    """The platform today and this month, in four queries."""
    today = timezone.localdate()
    states = dict(Tenant.objects.order_by().values_list("state").annotate(Count("pk")))
    month = DailyFigures.objects.filter(day__gte=today.replace(day=1)).aggregate(
        contents=Sum("contents"), tokens=Sum("tokens"), cost=Sum("cost")
    )
    total = DailyFigures.objects.aggregate(contents=Sum("contents"))
    people = DailyFigures.objects.filter(day=today).aggregate(people=Sum("active_members"))
    return Overview(
        trial=states.get("trial", 0),
        active=states.get("active", 0),
        past_due=states.get("past_due", 0),
        suspended=states.get("suspended", 0),
        contents_month=month["contents"] or 0,
        contents_total=total["contents"] or 0,
        tokens_month=month["tokens"] or 0,
        cost_month=month["cost"] or Decimal(0),
        people_today=people["people"] or 0,
    )


def _sum_of(column: str, since: dt.date | None = None) -> Any:
    rows = DailyFigures.objects.filter(tenant_id=OuterRef("pk"))
    if since:
        rows = rows.filter(day__gte=since)
    return Coalesce(Subquery(rows.order_by().values("tenant_id").annotate(all=Sum(column)).values("all")), 0)


def with_figures(tenants: QuerySet[Tenant]) -> QuerySet[Tenant]:
    """Workspaces with `contents` (ever), `tokens`, `cost` (this month) and `last_activity`, in one query."""
    month = timezone.localdate().replace(day=1)
    last = DailyFigures.objects.filter(tenant_id=OuterRef("pk")).order_by().values("tenant_id")
    rows: QuerySet[Tenant] = tenants.annotate(
        contents=_sum_of("contents"),
        tokens=_sum_of("tokens", month),
        cost=Coalesce(
            Subquery(
                DailyFigures.objects.filter(tenant_id=OuterRef("pk"), day__gte=month)
                .order_by()
                .values("tenant_id")
                .annotate(all=Sum("cost"))
                .values("all")
            ),
            Decimal(0),
        ),
        last_activity=Subquery(last.annotate(all=Max("last_activity")).values("all")),
    )
    return rows


def last_days(days: int = 30) -> list[dict[str, Any]]:
    """One row a day for the whole platform: day, tokens, cost, contents, people; days without use included."""
    today = timezone.localdate()
    start = today - dt.timedelta(days=days - 1)
    rows = (
        DailyFigures.objects.filter(day__gte=start)
        .order_by()
        .values("day")
        .annotate(all_tokens=Sum("tokens"), all_cost=Sum("cost"), all_contents=Sum("contents"))
    )
    found: dict[dt.date, dict[str, Any]] = {row["day"]: dict(row) for row in rows}
    empty: dict[str, Any] = {"all_tokens": 0, "all_cost": Decimal(0), "all_contents": 0}
    return [
        {"day": day, **{key: found.get(day, empty)[key] for key in empty}}
        for day in (start + dt.timedelta(days=offset) for offset in range(days))
    ]
