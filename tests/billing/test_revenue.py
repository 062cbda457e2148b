"""The ledger of revenue: what it says at every month's end is what the subscriptions come to, to the cent."""

import itertools
from collections import defaultdict
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from billing.models import RevenueChange, Subscription
from billing.mrr import figures, ledger
from billing.stripe.mrr import mrr_of
from tenants.context import public_context
from tenants.ids import new_id
from tests.billing.revenue_year import Life, Year

PARIS = ZoneInfo("Europe/Paris")
WORKSPACES = 500
JANUARY = datetime(2025, 1, 1, tzinfo=PARIS)


@pytest.fixture(autouse=True)
def in_public(in_workspace):
    with public_context():
        yield


class Books:
    """Ours, by the platform's own hand, and theirs, counted apart, side by side."""

    def __init__(self, lives: int) -> None:
        made = [Subscription(tenant_id=new_id(), stripe_id=f"sub_{number}") for number in range(lives)]
        Subscription.objects.bulk_create(made)
        self.rows = {row.stripe_id: row for row in Subscription.objects.all()}
        self.brings: dict[int, Fraction] = defaultdict(Fraction)
        self.has_paid: set[int] = set()
        self.moved: dict[tuple[int, str], Fraction] = defaultdict(Fraction)

    def happened(self, life: Life, now: datetime) -> None:
        self._count(life, now)
        row = self.rows[f"sub_{life.number}"]
        if life.is_deleted:
            ledger.record_end(row.tenant_id, f"w{life.number}", now=now)
            row.refresh_from_db()
            return
        row.status, row.plan_code = life.status, life.plan
        monthly = mrr_of(life.at_stripe(), now)
        ledger.record_change(row, f"w{life.number}", monthly=monthly, plan_code=life.plan, now=now, reason="plan")
        row.save(update_fields=["status", "plan_code", "mrr_euros"])

    def _count(self, life: Life, now: datetime) -> None:
        before, after = self.brings[life.number], life.euros(now)
        if after == before:
            return
        if not before:
            kind = "reactivation" if life.number in self.has_paid else "new"
        elif not after:
            kind = "churn"
        else:
            kind = "expansion" if after > before else "contraction"
        self.has_paid.add(life.number)
        self.moved[now.astimezone(PARIS).month, kind] += abs(after - before)
        self.brings[life.number] = after


def _exact(euros: Decimal) -> Fraction:
    return Fraction(euros)


def test_a_year_of_five_hundred_workspaces():
    books = Books(WORKSPACES)
    year = Year(2025, WORKSPACES, JANUARY, books.happened)
    starts = [datetime(2025 + month // 12, month % 12 + 1, 1, tzinfo=PARIS) for month in range(13)]
    for month, (start, end) in enumerate(itertools.pairwise(starts), 1):
        year.until(end)
        # Each subscription as it stands then, not as a change left it.
        theirs = {life.number: life.euros(end - timedelta(seconds=1)) for life in year.lives}
        assert _exact(figures.mrr_at(end)) == sum(theirs.values()), month
        moved = figures.movements(start, end)
        kinds = {kind: euros for (when, kind), euros in books.moved.items() if when == month}
        assert {kind: _exact(euros) for kind, euros in moved.items()} == kinds, month
        owing = sum(theirs[life.number] for life in year.lives if life.status == "past_due")
        assert _exact(figures.at_risk()) == owing, month
        assert sum(one.mrr for one in figures.by_plan()) == figures.mrr_at(end), month
    months = figures.by_month(12, starts[-1] - timedelta(seconds=1))
    _adds_up(months, books, year)
    _is_a_chain()


def _adds_up(months: list[figures.Month], books: Books, year: Year) -> None:
    assert [one.first_day.month for one in months] == list(range(1, 13)) and months[0].start == 0
    for one, following in zip(months, [*months[1:], None], strict=True):
        for kind in RevenueChange.Kind.values:
            assert _exact(getattr(one, kind)) == books.moved.get((one.first_day.month, kind), 0)
        came = one.new + one.reactivation + one.expansion
        assert one.start + came - one.contraction - one.churn == one.end
        assert following is None or (following.start, following.workspaces_before) == (one.end, one.workspaces)
    last = months[-1]
    assert last.workspaces == sum(1 for euros in books.brings.values() if euros)
    # What a year has to have in it, or it proves nothing.
    lines = RevenueChange.objects.values_list("kind", flat=True)
    assert all(list(lines).count(kind) >= 50 for kind in RevenueChange.Kind.values)
    assert sum(life.is_deleted for life in year.lives) >= 10
    assert {"active", "past_due", "unpaid", "canceled"} <= {life.status for life in year.lives}


def _is_a_chain() -> None:
    """Each line of a workspace begins where the one before ended, and its row stands where the last one ended."""
    stands: dict[Any, Decimal] = defaultdict(Decimal)
    for line in RevenueChange.objects.order_by("at", "id"):
        assert line.before_euros == stands[line.tenant_id]
        stands[line.tenant_id] = line.after_euros
    assert {row.tenant_id: row.mrr_euros for row in Subscription.objects.all() if row.mrr_euros} == {
        tenant: euros for tenant, euros in stands.items() if euros
    }


# One workspace


def _row(**fields: Any) -> Subscription:
    made = Subscription.objects.create(tenant_id=new_id(), plan_code="pro", **fields)
    return Subscription.objects.get(pk=made.pk)


def _at(day: int, month: int = 1, hour: int = 12) -> datetime:
    return datetime(2025, month, day, hour, tzinfo=PARIS)


def _follow(row: Subscription, euros: str, now: datetime) -> RevenueChange | None:
    return ledger.record_change(row, "atelier", monthly=Decimal(euros), plan_code="pro", now=now, reason="plan")


def test_each_kind_of_line():
    row = _row()
    amounts = ["149.00", "178.00", "178.00", "99.00", "0", "0", "149.00"]
    lines = [_follow(row, euros, _at(day)) for day, euros in enumerate(amounts, 1)]
    kinds = [line and line.kind for line in lines]
    assert kinds == ["new", "expansion", None, "contraction", "churn", None, "reactivation"]
    assert [line.before_euros for line in lines if line] == [0, 149, 178, 99, 0]
    assert row.mrr_euros == 149


def test_a_deleted_workspace_brings_nothing_once():
    row = _row()
    _follow(row, "149.00", _at(1))
    row.save()
    ledger.record_end(row.tenant_id, "atelier", now=_at(2))
    ledger.record_end(row.tenant_id, "atelier", now=_at(3))
    ledger.record_end(new_id(), "nobody", now=_at(3))
    row.refresh_from_db()
    line = RevenueChange.objects.get(kind="churn")
    assert (row.mrr_euros, line.before_euros, line.plan_code, line.reason) == (0, 149, "pro", "deleted")


def test_months_are_the_operators():
    """The last minute of January in Paris, the first of February, whatever Greenwich says."""
    first, second = _row(), _row()
    _follow(first, "100.00", datetime(2025, 1, 31, 23, 59, tzinfo=PARIS))
    _follow(second, "10.00", datetime(2025, 2, 1, 0, 1, tzinfo=PARIS))
    january, february, march = figures.by_month(3, _at(15, month=3))
    assert (january.new, january.end, january.workspaces) == (100, 100, 1)
    assert (february.start, february.new, february.end, february.workspaces) == (100, 10, 110, 2)
    assert (march.start, march.net, march.end, march.churn_percent) == (110, 0, 110, 0)
    assert (february.per_workspace, january.churn_percent) == (55, None)
    assert figures.mrr_at(datetime(2025, 2, 1, tzinfo=PARIS)) == 100


def test_who_left_is_counted_in_money_and_in_workspaces():
    first, second = _row(), _row()
    _follow(first, "30.00", _at(1))
    _follow(second, "70.00", _at(2))
    _follow(first, "0", _at(3, month=2))
    february = figures.by_month(1, _at(20, month=2))[0]
    assert (february.churn, february.churn_percent, february.left, february.workspaces) == (30, 30, 1, 1)
    assert (february.workspaces_before, february.net) == (2, -30)


def test_without_a_line_there_is_nothing():
    assert figures.mrr_at(_at(1)) == figures.at_risk() == 0
    month = figures.by_month(1, _at(1))[0]
    assert (month.end, month.workspaces, month.churn_percent, month.per_workspace) == (0, 0, None, None)
    assert figures.by_plan() == [] and figures.movements(_at(1), _at(2)) == {}


def test_the_figures_ask_as_often_for_a_year_as_for_a_month():
    for day in range(1, 20):
        _follow(_row(), f"{day}.00", _at(day))
    for months in (1, 36):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            figures.by_month(months, _at(25))
        assert len(asked) == 2
    with CaptureQueriesContext(connection) as asked:
        figures.by_plan()
    assert len(asked) == 2


@pytest.mark.parametrize("act", ["update", "delete"])
def test_a_line_stays_as_it_was_written(act):
    _follow(_row(), "149.00", _at(1))
    lines = RevenueChange.objects.all()
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        lines.update(after_euros=1) if act == "update" else lines.delete()
    assert lines.get().after_euros == 149
