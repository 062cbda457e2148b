"""What a subscription brings a month, case by case, each with its sum written out."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from billing.mrr.monthly import Charge, Reduction, monthly_euros

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(days=40), NOW - timedelta(seconds=1)
PRO = Charge(Decimal(149_00))
PRO_YEAR = Charge(Decimal(1490_00), interval="year")
OPTION = Charge(Decimal(29_00))


def percent(value: str, months: int | None = None, ends: datetime | None = None) -> Reduction:
    return Reduction(percent=Decimal(value), months=months, ends=ends)


def off(cents: int, months: int | None = None, ends: datetime | None = None) -> Reduction:
    return Reduction(cents=cents, months=months, ends=ends)


CASES = {
    "a month": ([PRO], [], "149.00"),
    "nothing": ([], [], "0"),
    "with an option": ([PRO, OPTION], [], "178.00"),
    "an option three times": ([PRO, Charge(Decimal(29_00), 3)], [], "236.00"),
    "none of it": ([PRO, Charge(Decimal(29_00), 0)], [], "149.00"),
    "a year is a twelfth: 124.1666": ([PRO_YEAR], [], "124.17"),
    "a quarter is a third": ([Charge(Decimal(100_00), every=3)], [], "33.33"),
    "a week": ([Charge(Decimal(3_00), interval="week")], [], "13.00"),
    "rounded once: 3 x 41.666": ([Charge(Decimal(500_00), interval="year")] * 3, [], "125.00"),
    "half a cent goes up": ([Charge(Decimal(6), interval="year")], [], "0.01"),
    "less than half goes": ([Charge(Decimal(5), interval="year")], [], "0.00"),
    "parts of a cent": ([Charge(Decimal("0.5"), 3)], [], "0.02"),
    "a year, an option by the month": ([PRO_YEAR, OPTION], [], "153.17"),
    "a percentage for good": ([PRO], [percent("20")], "119.20"),
    "an odd percentage: 149 x 0.6667": ([PRO], [percent("33.33")], "99.34"),
    "a percentage of a year": ([PRO_YEAR], [percent("50")], "62.08"),
    "all of it": ([PRO], [percent("100")], "0.00"),
    "one invoice only": ([PRO], [percent("50", 0)], "149.00"),
    "one month of a month": ([PRO], [percent("50", 1)], "149.00"),
    "three months of a month": ([PRO], [percent("50", 3, LATER)], "74.50"),
    "they are over": ([PRO], [percent("50", 3, EARLIER)], "149.00"),
    "they end now": ([PRO], [percent("50", 3, NOW)], "149.00"),
    "three months of a year are one invoice": ([PRO_YEAR], [percent("50", 3, LATER)], "124.17"),
    "so are twelve": ([PRO_YEAR], [percent("50", 12, LATER)], "124.17"),
    "thirteen are two": ([PRO_YEAR], [percent("50", 13, LATER)], "62.08"),
    "three months of a year and of its monthly option": ([PRO_YEAR, OPTION], [percent("50", 3, LATER)], "138.67"),
    "an amount off each month": ([PRO], [off(10_00)], "139.00"),
    "an amount off each year": ([PRO_YEAR], [off(120_00)], "114.17"),
    "an amount off the monthly invoices": ([PRO_YEAR, OPTION], [off(10_00)], "143.17"),
    "never more than those invoices": ([PRO_YEAR, OPTION], [off(50_00)], "124.17"),
    "never below zero": ([PRO], [off(500_00)], "0.00"),
    "one after the other": ([PRO], [percent("10"), off(10_00)], "124.10"),
    "the other way round": ([PRO], [off(10_00), percent("10")], "125.10"),
    "an amount off nothing": ([PRO], [percent("100"), off(10_00)], "0.00"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_it_brings(name: str) -> None:
    charges, reductions, euros = CASES[name]
    found = monthly_euros("active", charges, reductions, NOW)
    assert found == Decimal(euros)
    assert found == found.quantize(Decimal("0.01"))


@pytest.mark.parametrize(
    ("status", "euros"),
    [("active", 149), ("past_due", 149)]
    + [(s, 0) for s in ("", "trialing", "unpaid", "paused", "canceled", "incomplete", "incomplete_expired")],
)
def test_only_one_that_pays_or_still_owes_counts(status: str, euros: int) -> None:
    assert monthly_euros(status, [PRO], [], NOW) == euros
