"""Exact cost of a call: the sum of tokens times price per million over all buckets. Decimal, without rounding."""

from decimal import Decimal
from typing import NamedTuple, Protocol

from assistants.providers.types import Usage

MILLION = Decimal(1_000_000)
SIX_DECIMALS = Decimal("0.000001")


class EuroPrice(Protocol):
    """Euros per million tokens with at most six decimals, so that a cost has at most twelve (NUMERIC(20,12))."""

    input_eur: Decimal
    cache_read_eur: Decimal
    cache_write_eur: Decimal
    cache_write_long_eur: Decimal
    output_eur: Decimal
    long_from_tokens: int | None
    long_input_factor: Decimal
    long_output_factor: Decimal


class Rates(NamedTuple):
    """Rates that apply to a whole request, in euros per million tokens."""

    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_long: Decimal
    output: Decimal


def rates_for(prompt_tokens: int, price: EuroPrice) -> Rates:
    """The rates of a request: above the threshold of prompt tokens, the long rates apply to the whole request.

    Without a price for long-lived cache writes, that of short-lived ones applies.
    """
    is_long = price.long_from_tokens is not None and prompt_tokens > price.long_from_tokens
    input_factor = price.long_input_factor if is_long else Decimal(1)
    output_factor = price.long_output_factor if is_long else Decimal(1)
    return Rates(
        in_euros(price.input_eur, input_factor),
        in_euros(price.cache_read_eur, input_factor),
        in_euros(price.cache_write_eur, input_factor),
        in_euros(max(price.cache_write_long_eur, price.cache_write_eur), input_factor),
        in_euros(price.output_eur, output_factor),
    )


def cost_of(usage: Usage, price: EuroPrice) -> Decimal:
    """Cost of a call in euros. 50 000 input at 0.15 and 30 000 output at 0.60 is exactly 0.0255."""
    rates = rates_for(usage.prompt_tokens, price)
    long_writes = min(usage.cache_write_long_tokens, usage.cache_write_tokens)
    return (
        usage.input_tokens * rates.input
        + usage.cache_read_tokens * rates.cache_read
        + (usage.cache_write_tokens - long_writes) * rates.cache_write
        + long_writes * rates.cache_write_long
        + usage.output_tokens * rates.output
    ) / MILLION


def cost_bound(input_tokens: int, output_tokens: int, price: EuroPrice) -> Decimal:
    """Upper bound in euros of a future call: its input at the highest input rate, short or long."""
    tiers = (rates_for(0, price), rates_for(input_tokens, price))
    dearest = max(max(rates[:4]) for rates in tiers)
    return (input_tokens * dearest + output_tokens * max(rates.output for rates in tiers)) / MILLION


def image_cost(usage: Usage | None, price: "ImagePrice") -> Decimal:
    """Cost of an image in euros: by tokens if they have a price and were counted, else the price per image."""
    is_by_tokens = price.output_eur > 0 and usage is not None and usage.output_tokens > 0
    return cost_of(usage, price) if is_by_tokens and usage is not None else price.image_eur


def image_bound(prompt_tokens: int, price: "ImagePrice") -> Decimal:
    """Upper bound in euros of a future image: its price, and its prompt if tokens have a price."""
    return price.image_eur + (cost_bound(prompt_tokens, 0, price) if price.output_eur > 0 else Decimal(0))


class ImagePrice(EuroPrice, Protocol):
    image_eur: Decimal


def in_euros(amount: Decimal, rate: Decimal) -> Decimal:
    """Convert a price to euros (or multiply it by a factor), rounded half to even to six decimals."""
    return (amount * rate).quantize(SIX_DECIMALS)
