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
    charges_list = list(charges)
    if status not in PAYING or not charges_list:
        return Decimal(0)
    remaining = [Fraction(reduction.cents) * reduction.quantity / reduction.months for reduction in charges_list]
    for reduction in reductions:
        if reduction.ends is None or reduction.ends > now:
            remaining = _reduce(remaining, [charge.months for charge in charges_list], reduction)
    return Decimal(_round_half_up(sum(remaining, Fraction()))) / 100


def _reduce(remaining: list[Fraction], months: list[Fraction], reduction: Reduction) -> list[Fraction]:
    """`left`: cents a month of each charge, that is paid for so many months at once."""
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
    """Half up, which is away from zero: nothing here is below it."""
    return int(amount + Fraction(1, 2))
