"""Prices by length of the prompt and by the cache's patience; what is reserved is never below what is settled."""

import datetime as dt
import random
from decimal import Decimal

import pytest
from django.utils import timezone

from assistants.costs import cost_bound, cost_of, image_bound, image_cost
from assistants.models import Model, Price
from assistants.providers.types import Usage
from assistants.selectors import price_at
from assistants.services import price_create


def price(**values) -> Price:
    return Price(**{"input_eur": Decimal(1), "output_eur": Decimal(10)} | values)


LONG = {"long_from_tokens": 1_000, "long_input_factor": Decimal(5), "long_output_factor": Decimal(2)}


@pytest.mark.parametrize(
    ("usage", "cost"),
    [
        (Usage(1_000, 0, 0, 100), "0.002"),
        (Usage(1_001, 0, 0, 100), "0.007005"),
        # The whole prompt counts, whatever the cache served.
        (Usage(1, 1_000, 0, 0), "0.000505"),
        (Usage(1, 999, 0, 0), "0.0001009"),
    ],
)
def test_the_whole_request_is_priced_by_the_length_of_its_prompt(usage, cost):
    assert cost_of(usage, price(cache_read_eur=Decimal("0.1"), **LONG)) == Decimal(cost)


def test_long_lived_cache_writes_have_their_own_price():
    row = price(cache_write_eur=Decimal("1.25"), cache_write_long_eur=Decimal(2))
    assert cost_of(Usage(0, 0, 1_000, 0, cache_write_long_tokens=400), row) == Decimal("0.00155")
    row = price(cache_write_eur=Decimal("1.25"))
    assert cost_of(Usage(0, 0, 1_000, 0, cache_write_long_tokens=400), row) == Decimal("0.00125")


def test_a_bound_is_never_below_the_cost():
    rng = random.Random(7)
    for _turn in range(3_000):
        amounts = {
            f"{key}_eur": Decimal(rng.randrange(0, 20_000_000)) / 1_000_000
            for key in ("input", "cache_read", "cache_write", "cache_write_long", "output")
        }
        row = Price(
            **amounts,
            long_from_tokens=rng.choice([None, 0, 500, 1_000]),
            long_input_factor=Decimal(rng.randrange(1_000, 6_000)) / 1_000,
            long_output_factor=Decimal(rng.randrange(1_000, 6_000)) / 1_000,
        )
        bound, most = rng.randrange(0, 2_000), rng.randrange(0, 2_000)
        fresh = rng.randint(0, bound)
        read = rng.randint(0, bound - fresh)
        write = rng.randint(0, bound - fresh - read)
        usage = Usage(fresh, read, write, rng.randint(0, most), cache_write_long_tokens=rng.randint(0, write))
        assert cost_bound(bound, most, row) >= cost_of(usage, row)


def test_an_image_costs_its_tokens_or_its_piece():
    by_tokens = price(image_eur=Decimal("0.05"))
    assert image_cost(Usage(100, 0, 0, 4_000), by_tokens) == Decimal("0.0401")
    assert image_cost(None, by_tokens) == Decimal("0.05")
    assert image_bound(100, by_tokens) >= image_cost(Usage(100, 0, 0, 5_000), by_tokens)
    by_piece = Price(image_eur=Decimal("0.015"))
    assert image_cost(Usage(100, 0, 0, 4_000), by_piece) == image_bound(100, by_piece) == Decimal("0.015")


def test_a_price_is_frozen_with_its_region_and_picked_by_its_day(people):
    model = Model.objects.create(provider="openai", name="fake-dated")
    start = timezone.now() - dt.timedelta(days=10)
    old = price_create(model=model, valid_from=start, input=Decimal(2))
    new = price_create(
        model=model,
        valid_from=start + dt.timedelta(days=5),
        input=Decimal(2),
        cache_write_long=Decimal(4),
        rate=Decimal("0.5"),
        currency="USD",
        region_factor=Decimal("1.1"),
        long_from_tokens=100,
        long_input_factor=Decimal(2),
    )
    assert (new.input_eur, new.cache_write_long_eur, new.long_from_tokens) == (Decimal("1.1"), Decimal("2.2"), 100)
    assert price_at(model, start + dt.timedelta(days=1)) == old
    assert price_at(model) == new
    assert price_at(model, start - dt.timedelta(days=1)) is None
