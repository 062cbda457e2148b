"""Stripe, through dj-stripe: in public only. Its tables are there from the first baseline on."""

__all__ = ["DJSTRIPE_FOREIGN_KEY_TO_FIELD", "DJSTRIPE_SUBSCRIBER_MODEL", "STRIPE_API_VERSION"]

# Who pays is the workspace. In dj-stripe's first migration: never to change.
DJSTRIPE_SUBSCRIBER_MODEL = "tenants.Tenant"
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
# The SDK's own, pinned; dj-stripe's default is another.
STRIPE_API_VERSION = "2026-08-26.dahlia"
