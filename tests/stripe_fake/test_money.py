"""The rules of counting, by themselves."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest

from fakes.stripe.billing import money, periods

MONTH, YEAR = {"interval": "month", "interval_count": 1}, {"interval": "year", "interval_count": 1}


def at(year, month, day, hour=0):
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    ("exact", "rounded"),
    [
        (Fraction(1, 2), 1),
        (Fraction(-1, 2), -1),
        (Fraction(3, 2), 2),
        (Fraction(149, 100), 1),
        (Fraction(-149, 100), -1),
    ],
)
def test_half_goes_away_from_zero(exact, rounded):
    assert money.cents(exact) == rounded


def test_a_credit_mirrors_its_charge():
    for amount in range(0, 500, 7):
        assert money.part(-amount, 17, 31) == -money.part(amount, 17, 31)


@pytest.mark.parametrize(("amount", "rate", "tax"), [(100, 5.5, 6), (1000, 5.5, 55), (33, 20, 7), (12.5, 20, 3)])
def test_a_percentage_is_exact(amount, rate, tax):
    assert money.percent(amount, rate) == tax


def test_what_is_inside():
    assert money.included(12000, 20) == 2000
    assert money.included(105, 5.5) == 5


def test_nothing_is_lost_in_sharing():
    assert money.spread(100, [1, 1, 1]) == [34, 33, 33]
    assert money.spread(7, [0, 0]) == [0, 0]
    for total in range(50):
        assert sum(money.spread(total, [3, 5, 11])) == total


@pytest.mark.parametrize(
    ("start", "interval", "count", "end"),
    [
        (at(2026, 1, 31), "month", 1, at(2026, 2, 28)),
        (at(2028, 1, 31), "month", 1, at(2028, 2, 29)),
        (at(2026, 1, 31), "month", 2, at(2026, 3, 31)),
        (at(2026, 12, 15), "month", 1, at(2027, 1, 15)),
        (at(2028, 2, 29), "year", 1, at(2029, 2, 28)),
        (at(2026, 3, 28, 12), "day", 2, at(2026, 3, 30, 12)),
        (at(2026, 3, 1), "week", 1, at(2026, 3, 8)),
        (at(2026, 3, 31), "month", -1, at(2026, 2, 28)),
    ],
)
def test_months_and_years(start, interval, count, end):
    assert periods.add(start, interval, count) == end


def test_the_anchor_is_not_forgotten_in_february():
    anchor = at(2026, 1, 31)
    ends = [at(2026, 1, 31)]
    for _ in range(4):
        ends.append(periods.next_end(anchor, MONTH, ends[-1]))
    assert ends[1:] == [at(2026, 2, 28), at(2026, 3, 31), at(2026, 4, 30), at(2026, 5, 31)]


@pytest.mark.parametrize("recurring", [MONTH, YEAR, {"interval": "month", "interval_count": 3}])
def test_ends_and_starts_belong_together(recurring):
    anchor = at(2026, 1, 31, 7)
    end = anchor
    for _ in range(30):
        start, end = end, periods.next_end(anchor, recurring, end)
        assert periods.start_of(anchor, recurring, end) == start
        assert periods.next_end(anchor, recurring, end - 1) == end
