"""The way to Stripe: one client a process and key, at the version we are written for."""

from functools import lru_cache

import stripe
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from billing.stripe.transport import Transport

RETRIES = 1
# Somebody waits for it, or a job with a row locked; jobs are tried again.
TIMEOUT_SECONDS = 10
# Somebody waits for it before a page.
PAGE_TIMEOUT_SECONDS = 6


def secret_key() -> str:
    """The key that is configured, live or test; empty: Stripe is off."""
    key: str = settings.STRIPE_LIVE_SECRET_KEY if settings.STRIPE_LIVE_MODE else settings.STRIPE_TEST_SECRET_KEY
    return key


def is_on() -> bool:
    """True where a key is configured."""
    return bool(secret_key())


def client() -> stripe.StripeClient:
    """A client with our key. Raises `ValidationError` where Stripe is off."""
    return _configured_client(RETRIES, TIMEOUT_SECONDS)


def page_client() -> stripe.StripeClient:
    """The same for what a page only shows: it gives up soon, and the page goes on without."""
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
