"""`python -m tests.stripe_fake.altered --port N`: the fake, altered as Stripe might differ from it.

A field more and a field less, another type, VAT rounded down, another code for a refusal: what the comparison must see.
"""

import copy
import math
from typing import Any

from fakes.stripe import __main__ as command
from fakes.stripe import errors
from fakes.stripe.billing import money
from fakes.stripe.world import Object, World

DIFFERENCES = (
    "invoice.loyalty_points: only at Stripe (int)",
    "price.lookup_key: not at Stripe",
    "customer.phone: null, at Stripe string",
    "invoice.total: 80, at Stripe 78",
    "code is 'resource_missing', at Stripe 'resource_gone'",
)


def main() -> None:
    render, body = World.render, errors.StripeError.body

    def altered(world: World, thing: Object) -> Object:
        shown = copy.deepcopy(render(world, thing))
        if shown["object"] == "invoice":
            shown["loyalty_points"] = 3
        elif shown["object"] == "price":
            shown.pop("lookup_key", None)
        elif shown["object"] == "customer":
            shown["phone"] = "+33 1 00 00 00 00"
        return shown

    def refused(error: errors.StripeError, *given: Any) -> Any:
        told = body(error, *given)
        if told["error"].get("code") == "resource_missing":
            told["error"]["code"] = "resource_gone"
        return told

    World.render = altered  # type: ignore[method-assign]
    errors.StripeError.body = refused  # type: ignore[method-assign]
    money.percent = lambda amount, rate: math.floor(amount * rate / 100)  # type: ignore[assignment]
    command.main()


if __name__ == "__main__":
    main()
