"""Cents, rounded half away from zero, exactly once."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from fakes.stripe.world import Object


def cents(exact: Fraction | Decimal) -> int:
    """-0.5 becomes -1: a credit mirrors its charge."""
    if isinstance(exact, Decimal):
        return int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    sign = -1 if exact < 0 else 1
    return sign * int((abs(exact) * 2 + 1) // 2)


def part(amount: int, numerator: int, denominator: int) -> int:
    return cents(Fraction(amount * numerator, denominator))


def percent(amount: int, percentage: float) -> int:
    return cents(Fraction(amount) * Fraction(str(percentage)) / 100)


def included(amount: int, percentage: float) -> int:
    """The tax inside an amount that includes it."""
    rate = Fraction(str(percentage))
    return amount - cents(Fraction(amount) * 100 / (100 + rate))


def price_of(price: Object, quantity: Any) -> int:
    return cents(Decimal(price["unit_amount_decimal"]) * (1 if quantity is None else quantity))


def spread(total: int, weights: list[int]) -> list[int]:
    """`total` shared by weight, to the cent: what is left over goes to the largest remainders."""
    total_weight = sum(weights)
    if not total_weight:
        return [0] * len(weights)
    shares = [total * weight // total_weight for weight in weights]
    order = sorted(range(len(weights)), key=lambda index: -(total * weights[index] % total_weight))
    for index in order[: total - sum(shares)]:
        shares[index] += 1
    return shares
