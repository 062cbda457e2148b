"""Stripe clients, cached per process and key, with the API version of `STRIPE_API_VERSION`."""

from functools import lru_cache

import stripe
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.stripe.transport import Transport

RETRIES = 1
# A person waits for the answer, or a job that is retried.
TIMEOUT_SECONDS = 10
# A person waits for a page that only shows the answer.
PAGE_TIMEOUT_SECONDS = 6


def secret_key() -> str:
    """The configured key, live or test; "" if Stripe is off."""
    key: str = settings.STRIPE_LIVE_SECRET_KEY if settings.STRIPE_LIVE_MODE else settings.STRIPE_TEST_SECRET_KEY
    return key


def is_on() -> bool:
    """True if a key is configured."""
    return bool(secret_key())


def client() -> stripe.StripeClient:
    """A client with our key, for changes and jobs. Raises `ValidationError` if Stripe is off."""
    return _configured_client(RETRIES, TIMEOUT_SECONDS)


def page_client() -> stripe.StripeClient:
    """A client for reading on a page: no retries and a short timeout, so that the page is shown without the answer.

    Raises `ValidationError` if Stripe is off.
    """
    return _configured_client(0, PAGE_TIMEOUT_SECONDS)


def _configured_client(retries: int, timeout: int) -> stripe.StripeClient:
    key = secret_key()
    if not key:
        raise ValidationError(_("Stripe n’est pas configuré : donnez STRIPE_SECRET_KEY."), code="stripe_off")
    return _client(key, getattr(settings, "STRIPE_API_HOST", ""), retries, timeout)


@lru_cache(maxsize=8)
def _client(key: str, base: str, retries: int, timeout: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=settings.STRIPE_API_VERSION,
        base_addresses={"api": base} if base else {},
        max_network_retries=retries,
        http_client=Transport(timeout),
    )
