"""Stripe through dj-stripe, with tables in public only; disabled without a key. Seller's country for VAT.

`make run` without a key sets a test key and the address of the fake Stripe (embedded).
"""

import re
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.settings.env import env
from tax.vat_tables import EU

__all__ = [
    "DJSTRIPE_FOREIGN_KEY_TO_FIELD",
    "DJSTRIPE_SUBSCRIBER_MODEL",
    "DJSTRIPE_WEBHOOK_EVENT_CALLBACK",
    "DJSTRIPE_WEBHOOK_VALIDATION",
    "SELLER_COUNTRY",
    "STRIPE_API_VERSION",
    "STRIPE_LIVE_MODE",
    "STRIPE_LIVE_SECRET_KEY",
    "STRIPE_TEST_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "VAT_OSS",
]

# Seller for VAT (tax/vat.py). With the One Stop Shop, required above 10 000 € a year of sales to consumers in other
# member states, the VAT of the consumer's country is charged.
SELLER_COUNTRY: str = env.str("SELLER_COUNTRY", default="FR").upper()
VAT_OSS: bool = env.bool("VAT_OSS", default=False)
if SELLER_COUNTRY not in EU:
    raise ImproperlyConfigured("SELLER_COUNTRY is the two letters of a member state of the European Union.")

# The workspace is the customer. Part of dj-stripe's first migration, so it cannot change.
DJSTRIPE_SUBSCRIBER_MODEL = "tenants.Tenant"
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
# The SDK's own, pinned; dj-stripe's default is another.
STRIPE_API_VERSION = "2026-08-26.dahlia"

_key: str = env.str("STRIPE_SECRET_KEY", default="")
if _key and not re.fullmatch(r"[sr]k_(test|live)_[a-zA-Z0-9]{24,}", _key):
    raise ImproperlyConfigured("STRIPE_SECRET_KEY is not a secret or restricted key of Stripe.")
STRIPE_LIVE_MODE = _key.startswith(("sk_live_", "rk_live_"))
STRIPE_LIVE_SECRET_KEY = _key if STRIPE_LIVE_MODE else ""
STRIPE_TEST_SECRET_KEY = "" if STRIPE_LIVE_MODE else _key
STRIPE_WEBHOOK_SECRET: str = env.str("STRIPE_WEBHOOK_SECRET", default="")

# Verified by its signature, stored by dj-stripe, handed to a job.
DJSTRIPE_WEBHOOK_VALIDATION = "verify_signature"
DJSTRIPE_WEBHOOK_EVENT_CALLBACK = "billing.stripe.webhooks.received"

# Addresses of Stripe's pages, to which our forms redirect: form-action of the CSP also covers redirects.
stripe_pages: list[str] = []
if _key:
    stripe_pages = ["https://checkout.stripe.com", "https://billing.stripe.com", "https://invoice.stripe.com"]

# Another server instead of Stripe, for development: refused with a live key.
if env.str("STRIPE_API_BASE", default=""):
    if STRIPE_LIVE_MODE:
        raise ImproperlyConfigured("STRIPE_API_BASE is for a test key only.")
    STRIPE_API_HOST: str = env.str("STRIPE_API_BASE").rstrip("/")
    __all__ += ["STRIPE_API_HOST"]
    if _key:
        stripe_pages = ["{0.scheme}://{0.netloc}".format(urlsplit(STRIPE_API_HOST))]
