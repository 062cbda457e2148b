"""Money that must come out exact."""

from dataclasses import dataclass
from decimal import Decimal

from assistants.costs import cost_bound, cost_of, in_euros
from assistants.models import Model
from assistants.providers.types import Usage
from assistants.selectors import price_at
from assistants.services import price_create


@dataclass
class Euros:
    input_eur: Decimal = Decimal("0.15")
    cache_read_eur: Decimal = Decimal("0.075")
    cache_write_eur: Decimal = Decimal("0.1875")
    output_eur: Decimal = Decimal("0.60")
    cache_write_long_eur: Decimal = Decimal(0)
    long_from_tokens: int | None = None
    long_input_factor: Decimal = Decimal(1)
    long_output_factor: Decimal = Decimal(1)


def test_cost_of_the_reference_call():
    assert cost_of(Usage(50_000, 0, 0, 30_000), Euros()) == Decimal("0.0255")


def test_each_bucket_has_its_own_price():
    assert cost_of(Usage(1, 0, 0, 0), Euros()) == Decimal("0.00000015")
    assert cost_of(Usage(0, 1_000_000, 0, 0), Euros()) == Decimal("0.075")
    assert cost_of(Usage(0, 0, 1_000_000, 0), Euros()) == Decimal("0.1875")
    assert cost_of(Usage(3, 7, 11, 13), Euros()) == (
        3 * Decimal("0.15") + 7 * Decimal("0.075") + 11 * Decimal("0.1875") + 13 * Decimal("0.60")
    ) / Decimal(1_000_000)


def test_bound_takes_the_dearest_input_price():
    bound = cost_bound(1_000_000, 1_000_000, Euros())
    assert bound == Decimal("0.7875")
    assert bound >= cost_of(Usage(0, 0, 1_000_000, 1_000_000), Euros())


def test_a_new_price_does_not_touch_the_old_one():
    from tenants.context import public_context

    with public_context():
        model = Model.objects.create(provider="openai", name="prix", label="prix")
        first = price_create(model=model, input=Decimal("0.15"), currency="USD", rate=Decimal("0.5"))
        assert (first.input_eur, first.rate) == (Decimal("0.075000"), Decimal("0.5"))
        second = price_create(model=model, input=Decimal("9"))
        assert price_at(model) == second
        first.refresh_from_db()
        assert first.input == Decimal("0.15")


def test_frozen_euros_keep_a_cost_in_twelve_decimals():
    price = in_euros(Decimal("0.333333"), Decimal("0.861234"))
    assert price == Decimal("0.287078")
    exponent = cost_of(Usage(1, 1, 1, 1), Euros(price, price, price, price)).as_tuple().exponent
    assert isinstance(exponent, int) and exponent >= -12
