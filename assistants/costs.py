"""Exact cost of a call: sum of bucket x price per million, from one price row. Decimal, never rounded."""

from decimal import Decimal
from typing import Protocol

from assistants.providers.types import Usage

MILLION = Decimal(1_000_000)
SIX = Decimal("0.000001")


class EuroPrice(Protocol):
    """Euros per million tokens, at most six decimals: a cost then has at most twelve, and NUMERIC(20,12) keeps it."""

    input_eur: Decimal
    cache_read_eur: Decimal
    cache_write_eur: Decimal
    output_eur: Decimal


def cost_of(usage: Usage, price: EuroPrice) -> Decimal:
    """Euros of a call's four buckets. 50 000 input at 0.15 and 30 000 output at 0.60 is exactly 0.0255."""
    return (
        usage.input_tokens * price.input_eur
        + usage.cache_read_tokens * price.cache_read_eur
        + usage.cache_write_tokens * price.cache_write_eur
        + usage.output_tokens * price.output_eur
    ) / MILLION


def cost_bound(input_tokens: int, output_tokens: int, price: EuroPrice) -> Decimal:
    """Upper bound in euros of a call not made yet: its input at the dearest of the three input prices."""
    dearest = max(price.input_eur, price.cache_read_eur, price.cache_write_eur)
    return (input_tokens * dearest + output_tokens * price.output_eur) / MILLION


def in_euros(amount: Decimal, rate: Decimal) -> Decimal:
    """A price in another currency frozen in euros, to six decimals, half to even."""
    return (amount * rate).quantize(SIX)
