"""What the ledger of revenue says, in euros a month without VAT. In public; months in the operator's time zone."""

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
# What each line adds to the revenue, and to the number of workspaces that bring some.
NET_CHANGE = Sum(F("after_euros") - F("before_euros"))
NET_WORKSPACES = Sum(Case(When(before_euros=0, then=Value(1)), When(after_euros=0, then=Value(-1)), default=Value(0)))


@dataclass(frozen=True)
class Month:
    """Revenue at a month's start, what moved it by kind (none negative), and how many workspaces brought some.

    `workspaces`: at its end, `workspaces_before` at its start, `left`: how many times one stopped.
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
        """What the month added, or took where it is negative."""
        return self.new + self.reactivation + self.expansion - self.contraction - self.churn

    @property
    def end(self) -> Decimal:
        """Revenue at its end; of the current month, now."""
        return self.start + self.net

    @property
    def churn_percent(self) -> Decimal | None:
        """How much of the revenue at its start left; None where there was none."""
        return self.churn / self.start * 100 if self.start else None

    @property
    def per_workspace(self) -> Decimal | None:
        """Revenue of one workspace on average, at its end; None where none brings any."""
        return self.end / self.workspaces if self.workspaces else None


@dataclass(frozen=True)
class PlanRevenue:
    """What the workspaces of one plan bring, options included."""

    code: str
    name: str
    workspaces: int
    mrr: Decimal


def mrr_at(moment: dt.datetime) -> Decimal:
    """What all workspaces brought just before a moment."""
    return RevenueChange.objects.filter(at__lt=moment).aggregate(moved=NET_CHANGE)["moved"] or NOTHING


def movements(since: dt.datetime, until: dt.datetime) -> dict[str, Decimal]:
    """What moved by kind, none negative, from a moment to just before another."""
    rows = RevenueChange.objects.filter(at__gte=since, at__lt=until).order_by().values_list("kind")
    return {kind: abs(movements_by_kind) for kind, movements_by_kind in rows.annotate(moved=NET_CHANGE)}


def by_month(count: int = 12, now: dt.datetime | None = None) -> list[Month]:
    """The last months, oldest first, the current one included. Two queries."""
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
    """Each month begins with what the one before ended with."""
    for day in days:
        movements_by_kind = {kind: by_month_and_kind.get((day, kind), [NOTHING, 0]) for kind in Kind.values}
        amounts = {kind: abs(amount) for kind, (amount, _lines) in movements_by_kind.items()}
        left = movements_by_kind[Kind.CHURN][1]
        workspaces_after = workspaces + movements_by_kind[Kind.NEW][1] + movements_by_kind[Kind.REACTIVATION][1] - left
        month = Month(day, start, workspaces_before=workspaces, workspaces=workspaces_after, left=left, **amounts)
        yield month
        start, workspaces = month.end, workspaces_after


def _months_before(day: dt.date, count: int) -> dt.date:
    """The first day of the month so many months ago."""
    months = day.year * 12 + day.month - 1 - count
    return dt.date(months // 12, months % 12 + 1, 1)


def at_risk() -> Decimal:
    """What the workspaces bring whose payment failed."""
    return Subscription.objects.filter(status="past_due").aggregate(all=Sum("mrr_euros"))["all"] or NOTHING


def by_plan() -> list[PlanRevenue]:
    """What each plan's workspaces bring, the most first. Two queries."""
    names = dict(Plan.objects.values_list("code", "name"))
    rows = Subscription.objects.filter(mrr_euros__gt=0).order_by().values_list("plan_code")
    plans = rows.annotate(Count("pk"), all=Sum("mrr_euros")).order_by("-all", "plan_code")
    return [PlanRevenue(code, names.get(code, code), workspaces, mrr) for code, workspaces, mrr in plans]
