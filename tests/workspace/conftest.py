"""The fake of Stripe, and an owner who buys there."""

from tests.billing.stripe.conftest import fake, server

__all__ = ["fake", "server"]
