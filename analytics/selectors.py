"""Figures for the console, from the daily figures and the table of workspaces, in a constant number of queries."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from analytics.models import ActiveMember, DailyFigures
from tenants.models import Tenant


@dataclass(frozen=True)
class Overview:
    """Figures of the dashboard's cards. `cost_month` is exact, in euros."""

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


@dataclass(frozen=True)
class WeekFigures:
    """Of one workspace. `people`: members who came on at least one day. `cost`: exact, in euros without VAT."""

    answers: int
    contents: int
    people: int
    cost: Decimal


def week_figures(tenant_id: UUID, since: dt.date, until: dt.date) -> WeekFigures:
    """Figures of the platform's days from `since` to the day before `until`, in two queries."""
    days = {"tenant_id": tenant_id, "day__gte": since, "day__lt": until}
    sums = DailyFigures.objects.filter(**days).aggregate(
        answers=Sum("answers"), contents=Sum("contents"), cost=Sum("cost")
    )
    people = ActiveMember.objects.filter(**days).aggregate(people=Count("member_id", distinct=True))
    return WeekFigures(sums["answers"] or 0, sums["contents"] or 0, people["people"], sums["cost"] or Decimal(0))


def workspaces_at_work(since: dt.date, until: dt.date) -> list[UUID]:
    """Keys of the workspaces with an answer or a content on these days."""
    worked = DailyFigures.objects.filter(Q(answers__gt=0) | Q(contents__gt=0), day__gte=since, day__lt=until)
    return list(worked.order_by().values_list("tenant_id", flat=True).distinct())


def _total_of(column: str, since: dt.date | None = None) -> Any:
    rows = DailyFigures.objects.filter(tenant_id=OuterRef("pk"))
    if since:
        rows = rows.filter(day__gte=since)
    return Coalesce(Subquery(rows.order_by().values("tenant_id").annotate(total=Sum(column)).values("total")), 0)


def with_figures(tenants: QuerySet[Tenant]) -> QuerySet[Tenant]:
    """Annotate with `contents` (all time), `tokens` and `cost` (this month) and `last_activity`, in one query."""
    month = timezone.localdate().replace(day=1)
    last = DailyFigures.objects.filter(tenant_id=OuterRef("pk")).order_by().values("tenant_id")
    rows: QuerySet[Tenant] = tenants.annotate(
        contents=_total_of("contents"),
        tokens=_total_of("tokens", month),
        cost=Coalesce(
            Subquery(
                DailyFigures.objects.filter(tenant_id=OuterRef("pk"), day__gte=month)
                .order_by()
                .values("tenant_id")
                .annotate(total=Sum("cost"))
                .values("total")
            ),
            Decimal(0),
        ),
        last_activity=Subquery(last.annotate(latest=Max("last_activity")).values("latest")),
    )
    return rows


def daily_totals(days: int = 30) -> list[dict[str, Any]]:
    """Totals of the platform for each day, oldest first, with zeros for days without use."""
    today = timezone.localdate()
    start = today - dt.timedelta(days=days - 1)
    rows = (
        DailyFigures.objects.filter(day__gte=start)
        .order_by()
        .values("day")
        .annotate(total_tokens=Sum("tokens"), total_cost=Sum("cost"), total_contents=Sum("contents"))
    )
    by_day: dict[dt.date, dict[str, Any]] = {row["day"]: dict(row) for row in rows}
    empty: dict[str, Any] = {"total_tokens": 0, "total_cost": Decimal(0), "total_contents": 0}
    return [
        {"day": day, **{key: by_day.get(day, empty)[key] for key in empty}}
        for day in (start + dt.timedelta(days=offset) for offset in range(days))
    ]
