"""Calculates the MRR of a subscription from its charges and reductions. Pure: no database, no network."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

# Stripe's statuses that count for MRR: a past due subscription counts until Stripe gives it up.
PAYING = ("active", "past_due")
MONTHS = {"day": Fraction(12, 365), "week": Fraction(12, 52), "month": Fraction(1), "year": Fraction(12)}


@dataclass(frozen=True)
class Charge:
    """One item: `quantity` times `cents` without VAT, charged every `every` intervals. Cents may have decimals."""

    cents: Decimal
    quantity: int = 1
    interval: str = "month"
    every: int = 1

    @property
    def months(self) -> Fraction:
        """The number of months that one payment covers. Raises `KeyError` for an unknown interval."""
        return MONTHS[self.interval] * self.every


@dataclass(frozen=True)
class Reduction:
    """A reduction of each invoice by `percent`, or by `cents`.

    `months`: duration, None without end, 0 for one invoice only. `ends`: its last moment, None without end.
    """

    percent: Decimal | None = None
    cents: int = 0
    months: int | None = None
    ends: datetime | None = None


def monthly_euros(status: str, charges: Iterable[Charge], reductions: Iterable[Reduction], now: datetime) -> Decimal:
    """Euros a month without VAT, rounded once, half up; 0 for a subscription that does not pay.

    A reduction counts if it lasts for more than one invoice and has not ended; one of a few months does not count for a
    yearly price. Reductions apply one after the other. If charges have different intervals, a reduction by an amount
    applies to those with the shortest one, and any remainder is lost.
    """
    charges_list = list(charges)
    if status not in PAYING or not charges_list:
        return Decimal(0)
    remaining = [Fraction(reduction.cents) * reduction.quantity / reduction.months for reduction in charges_list]
    for reduction in reductions:
        if reduction.ends is None or reduction.ends > now:
            remaining = _reduce(remaining, [charge.months for charge in charges_list], reduction)
    return Decimal(_round_half_up(sum(remaining, Fraction()))) / 100


def _reduce(remaining: list[Fraction], months: list[Fraction], reduction: Reduction) -> list[Fraction]:
    """`remaining` after a reduction. For each charge, `remaining`: cents a month; `months`: months per payment."""
    is_reduced = [reduction.months is None or reduction.months > charge_months for charge_months in months]
    if reduction.percent is not None:
        share = Fraction(reduction.percent) / 100
    else:
        shortest = min(months)
        is_reduced = [
            reduced and charge_months == shortest for reduced, charge_months in zip(is_reduced, months, strict=True)
        ]
        total = sum((amount for amount, reduced in zip(remaining, is_reduced, strict=True) if reduced), Fraction())
        share = min(Fraction(1), reduction.cents / shortest / total) if total else Fraction()
    return [amount * (1 - share) if reduced else amount for amount, reduced in zip(remaining, is_reduced, strict=True)]


def _round_half_up(amount: Fraction) -> int:
    """Rounds half up; `amount` is never negative."""
    return int(amount + Fraction(1, 2))
