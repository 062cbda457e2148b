"""HTTP transport of the Stripe client: gives the database connection back before a call, and has a circuit breaker."""

from collections.abc import Mapping
from typing import Any, Final

import stripe

from billing.stripe.breaker import PROBE_SECONDS, breaker
from tenants.executors import give_back_connection

CONNECT_SECONDS: Final = 3.05


class Transport(stripe.RequestsClient):
    """Stripe's client over `requests` with our timeouts.

    `seconds`: timeout for an answer; a probe of the circuit breaker waits at most `PROBE_SECONDS`.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(timeout=(CONNECT_SECONDS, seconds))
        self._quick = stripe.RequestsClient(timeout=(CONNECT_SECONDS, min(seconds, PROBE_SECONDS)))

    def request(  # type: ignore[override]  # Stripe's own client returns bytes where its base says text
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **options: Any
    ) -> tuple[bytes, int, Mapping[str, str]]:
        give_back_connection()
        with breaker.call() as is_probe:
            if is_probe:
                return self._quick.request(method, url, headers, post_data, **options)
            return super().request(method, url, headers, post_data, **options)
