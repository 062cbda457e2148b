"""Circuit breaker for calls to Stripe (tenants/circuit_breaker.py). A probe has a timeout of `PROBE_SECONDS`."""

from typing import Final

import stripe

from tenants.circuit_breaker import Breaker

PROBE_SECONDS: Final = 3.0


class Resting(stripe.APIConnectionError):
    """Raised instead of a call while the circuit breaker is open."""

    def __init__(self) -> None:
        super().__init__("stripe did not answer a moment ago: not called", should_retry=False)  # type: ignore[no-untyped-call]


def new() -> Breaker:
    return Breaker("stripe", stripe.APIConnectionError, Resting)


breaker = new()
