"""The way to Stripe: one client a process and key, at the version we are written for."""

from functools import lru_cache

import stripe
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

RETRIES = 2
# A job waits for it with a row locked.
TIMEOUT_SECONDS = 15


def secret_key() -> str:
    """The key that is configured, live or test; empty: Stripe is off."""
    key: str = settings.STRIPE_LIVE_SECRET_KEY if settings.STRIPE_LIVE_MODE else settings.STRIPE_TEST_SECRET_KEY
    return key


def is_on() -> bool:
    """True where a key is configured."""
    return bool(secret_key())


def client() -> stripe.StripeClient:
    """A client with our key. Raises `ValidationError` where Stripe is off."""
    key = secret_key()
    if not key:
        raise ValidationError(_("Stripe n’est pas configuré : donnez STRIPE_SECRET_KEY."), code="stripe_off")
    return _client(key, getattr(settings, "STRIPE_API_HOST", ""))


@lru_cache(maxsize=8)
def _client(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=settings.STRIPE_API_VERSION,
        base_addresses={"api": base} if base else {},
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
    )
