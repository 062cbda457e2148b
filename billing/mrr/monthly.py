"""What a subscription brings a month: plain arithmetic on what it charges and what is taken off. No row, no network."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

# Stripe's states in which it is counted on: one that owes is counted until it is given up.
PAYING = ("active", "past_due")
MONTHS = {"day": Fraction(12, 365), "week": Fraction(12, 52), "month": Fraction(1), "year": Fraction(12)}


@dataclass(frozen=True)
class Charge:
    """One item: `cents` without VAT for each of `quantity`, every `every` `interval`s. Cents may have decimals."""

    cents: Decimal
    quantity: int = 1
    interval: str = "month"
    every: int = 1

    @property
    def months(self) -> Fraction:
        """How long one payment lasts. Raises `KeyError` for an interval that Stripe does not have."""
        return MONTHS[self.interval] * self.every


@dataclass(frozen=True)
class Reduction:
    """Taken off each invoice: `percent`, or `cents`. `months` from its first day, None: for good, 0: one invoice only.

    `ends`: when it ends, where it does.
    """

    percent: Decimal | None = None
    cents: int = 0
    months: int | None = None
    ends: datetime | None = None


def monthly_euros(status: str, charges: Iterable[Charge], reductions: Iterable[Reduction], now: datetime) -> Decimal:
    """Euros a month without VAT, rounded once, half away from zero; 0 for a subscription that does not pay.

    A reduction counts where it lasts for more than one invoice and has not ended: a few months off a year's price do
    not. They are taken off one after the other. Where rhythms differ, an amount is taken off the invoices of the
    shortest, and what those do not take is lost.
    """
    counted = list(charges)
    if status not in PAYING or not counted:
        return Decimal(0)
    left = [Fraction(one.cents) * one.quantity / one.months for one in counted]
    for one in reductions:
        if one.ends is None or one.ends > now:
            left = _less(left, [charge.months for charge in counted], one)
    return Decimal(_rounded(sum(left, Fraction()))) / 100


def _less(left: list[Fraction], months: list[Fraction], one: Reduction) -> list[Fraction]:
    """`left`: cents a month of each charge, that is paid for so many months at once."""
    touched = [one.months is None or one.months > paid for paid in months]
    if one.percent is not None:
        share = Fraction(one.percent) / 100
    else:
        rhythm = min(months)
        touched = [is_touched and paid == rhythm for is_touched, paid in zip(touched, months, strict=True)]
        whole = sum((amount for amount, is_touched in zip(left, touched, strict=True) if is_touched), Fraction())
        share = min(Fraction(1), one.cents / rhythm / whole) if whole else Fraction()
    return [amount * (1 - share) if is_touched else amount for amount, is_touched in zip(left, touched, strict=True)]


def _rounded(amount: Fraction) -> int:
    """Half up, which is away from zero: nothing here is below it."""
    return int(amount + Fraction(1, 2))
