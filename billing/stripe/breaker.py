"""Stripe is left alone for a moment where it does not answer (tenants/resting.py).

The call that tries whether it answers again has `PROBE_SECONDS` of patience.
"""

from typing import Final

import stripe

from tenants.resting import Breaker

PROBE_SECONDS: Final = 3.0


class Resting(stripe.APIConnectionError):
    """Raised instead of a call, while Stripe is not called."""

    def __init__(self) -> None:
        super().__init__("stripe did not answer a moment ago: not called", should_retry=False)  # type: ignore[no-untyped-call]


def new() -> Breaker:
    return Breaker("stripe", stripe.APIConnectionError, Resting)


breaker = new()
