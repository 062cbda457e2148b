"""Exact cost of a call: sum of bucket x price per million, from one price row. Decimal, never rounded."""

from decimal import Decimal
from typing import NamedTuple, Protocol

from assistants.providers.types import Usage

MILLION = Decimal(1_000_000)
SIX = Decimal("0.000001")


class EuroPrice(Protocol):
    """Euros per million tokens, at most six decimals: a cost then has at most twelve, and NUMERIC(20,12) keeps it."""

    input_eur: Decimal
    cache_read_eur: Decimal
    cache_write_eur: Decimal
    cache_write_long_eur: Decimal
    output_eur: Decimal
    long_from_tokens: int | None
    long_input_factor: Decimal
    long_output_factor: Decimal


class Rates(NamedTuple):
    """What a whole request is priced at, in euros per million tokens."""

    input: Decimal
    cache_read: Decimal
    cache_write: Decimal
    cache_write_long: Decimal
    output: Decimal


def rates_for(prompt_tokens: int, price: EuroPrice) -> Rates:
    """The rates of a request whose prompt has so many tokens: above the threshold all of it is priced as long.

    A price row without a price for what the cache keeps long has it at the price of what it keeps briefly.
    """
    is_long = price.long_from_tokens is not None and prompt_tokens > price.long_from_tokens
    into = price.long_input_factor if is_long else Decimal(1)
    out = price.long_output_factor if is_long else Decimal(1)
    return Rates(
        in_euros(price.input_eur, into),
        in_euros(price.cache_read_eur, into),
        in_euros(price.cache_write_eur, into),
        in_euros(max(price.cache_write_long_eur, price.cache_write_eur), into),
        in_euros(price.output_eur, out),
    )


def cost_of(usage: Usage, price: EuroPrice) -> Decimal:
    """Euros of a call's buckets. 50 000 input at 0.15 and 30 000 output at 0.60 is exactly 0.0255."""
    rates = rates_for(usage.prompt_tokens, price)
    kept_long = min(usage.cache_write_long_tokens, usage.cache_write_tokens)
    return (
        usage.input_tokens * rates.input
        + usage.cache_read_tokens * rates.cache_read
        + (usage.cache_write_tokens - kept_long) * rates.cache_write
        + kept_long * rates.cache_write_long
        + usage.output_tokens * rates.output
    ) / MILLION


def cost_bound(input_tokens: int, output_tokens: int, price: EuroPrice) -> Decimal:
    """Upper bound in euros of a call not made yet: its input at the dearest input price, short or long."""
    tiers = (rates_for(0, price), rates_for(input_tokens, price))
    dearest = max(max(rates[:4]) for rates in tiers)
    return (input_tokens * dearest + output_tokens * max(rates.output for rates in tiers)) / MILLION


def image_cost(usage: Usage | None, price: "ImagePrice") -> Decimal:
    """Euros of one image: by its tokens where they have a price and the provider counted them, or by the piece."""
    by_tokens = price.output_eur > 0 and usage is not None and usage.output_tokens > 0
    return cost_of(usage, price) if by_tokens and usage is not None else price.image_eur


def image_bound(prompt_tokens: int, price: "ImagePrice") -> Decimal:
    """Upper bound of one image not made yet: the piece, and its prompt where tokens have a price."""
    return price.image_eur + (cost_bound(prompt_tokens, 0, price) if price.output_eur > 0 else Decimal(0))


class ImagePrice(EuroPrice, Protocol):
    image_eur: Decimal


def in_euros(amount: Decimal, rate: Decimal) -> Decimal:
    """A price in another currency frozen in euros (or at a factor), to six decimals, half to even."""
    return (amount * rate).quantize(SIX)
