"""MRR figures from the ledger, in euros a month without VAT. Months begin in the operator's time zone.

The functions need the context public.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, F, Sum, Value, When
from django.db.models.functions import TruncMonth
from django.utils import timezone

from billing.models import RevenueChange, Subscription
from plans.models import Plan

Kind = RevenueChange.Kind
NOTHING = Decimal(0)
# Sum of the changes of MRR, and of the changes of the number of workspaces with MRR.
NET_CHANGE = Sum(F("after_euros") - F("before_euros"))
NET_WORKSPACES = Sum(Case(When(before_euros=0, then=Value(1)), When(after_euros=0, then=Value(-1)), default=Value(0)))


@dataclass(frozen=True)
class Month:
    """MRR at the start of a month and its movements by kind, all positive, in euros without VAT.

    `workspaces`, `workspaces_before`: number of workspaces with MRR at the end and start; `left`: number of churns.
    """

    first_day: dt.date
    start: Decimal
    new: Decimal
    reactivation: Decimal
    expansion: Decimal
    contraction: Decimal
    churn: Decimal
    workspaces_before: int
    workspaces: int
    left: int

    @property
    def net(self) -> Decimal:
        """The change of MRR in the month; negative for a loss."""
        return self.new + self.reactivation + self.expansion - self.contraction - self.churn

    @property
    def end(self) -> Decimal:
        """MRR at the end of the month; for the current month, the present MRR."""
        return self.start + self.net

    @property
    def churn_percent(self) -> Decimal | None:
        """Churn as a percentage of the MRR at the start; None if that is 0."""
        return self.churn / self.start * 100 if self.start else None

    @property
    def per_workspace(self) -> Decimal | None:
        """Average MRR of a workspace at the end of the month; None without workspaces."""
        return self.end / self.workspaces if self.workspaces else None


@dataclass(frozen=True)
class PlanRevenue:
    """MRR of the workspaces of one plan, options included."""

    code: str
    name: str
    workspaces: int
    mrr: Decimal


def mrr_at(moment: dt.datetime) -> Decimal:
    """MRR of all workspaces just before a moment."""
    return RevenueChange.objects.filter(at__lt=moment).aggregate(moved=NET_CHANGE)["moved"] or NOTHING


def movements(since: dt.datetime, until: dt.datetime) -> dict[str, Decimal]:
    """Kind → sum of its movements as a positive amount, with `since` <= time < `until`."""
    rows = RevenueChange.objects.filter(at__gte=since, at__lt=until).order_by().values_list("kind")
    return {kind: abs(movements_by_kind) for kind, movements_by_kind in rows.annotate(moved=NET_CHANGE)}


def by_month(count: int = 12, now: dt.datetime | None = None) -> list[Month]:
    """The last `count` months, oldest first, including the current one. Two queries."""
    local = timezone.localtime(now)
    days = [_months_before(local.date(), months_ago) for months_ago in reversed(range(count))]
    first = timezone.make_aware(dt.datetime.combine(days[0], dt.time()))
    before = RevenueChange.objects.filter(at__lt=first).aggregate(moved=NET_CHANGE, joined=NET_WORKSPACES)
    rows = RevenueChange.objects.filter(at__gte=first, at__lte=local).order_by().annotate(month=TruncMonth("at"))
    by_month_and_kind = {
        (month.date(), kind): totals
        for month, kind, *totals in rows.values_list("month", "kind").annotate(moved=NET_CHANGE, lines=Count("pk"))
    }
    return list(_chain(days, by_month_and_kind, before["moved"] or NOTHING, before["joined"] or 0))


def _chain(
    days: list[dt.date], by_month_and_kind: dict[tuple[dt.date, str], list[Any]], start: Decimal, workspaces: int
) -> Iterator[Month]:
    """The months in order; each starts with the MRR and workspaces at the end of the previous one."""
    for day in days:
        movements_by_kind = {kind: by_month_and_kind.get((day, kind), [NOTHING, 0]) for kind in Kind.values}
        amounts = {kind: abs(amount) for kind, (amount, _lines) in movements_by_kind.items()}
        left = movements_by_kind[Kind.CHURN][1]
        workspaces_after = workspaces + movements_by_kind[Kind.NEW][1] + movements_by_kind[Kind.REACTIVATION][1] - left
        month = Month(day, start, workspaces_before=workspaces, workspaces=workspaces_after, left=left, **amounts)
        yield month
        start, workspaces = month.end, workspaces_after


def _months_before(day: dt.date, count: int) -> dt.date:
    """The first day of the month `count` months before `day`."""
    months = day.year * 12 + day.month - 1 - count
    return dt.date(months // 12, months % 12 + 1, 1)


def at_risk() -> Decimal:
    """MRR of the workspaces that are past due."""
    return Subscription.objects.filter(status="past_due").aggregate(all=Sum("mrr_euros"))["all"] or NOTHING


def by_plan() -> list[PlanRevenue]:
    """MRR by plan, highest first. Two queries."""
    names = dict(Plan.objects.values_list("code", "name"))
    rows = Subscription.objects.filter(mrr_euros__gt=0).order_by().values_list("plan_code")
    plans = rows.annotate(Count("pk"), all=Sum("mrr_euros")).order_by("-all", "plan_code")
    return [PlanRevenue(code, names.get(code, code), workspaces, mrr) for code, workspaces, mrr in plans]
