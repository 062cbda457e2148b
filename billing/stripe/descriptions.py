"""A means of payment and a discount in a few words, as pages show them: kept with the row, in French."""

from typing import Any

from django.utils.text import Truncator

# Stripe's kinds of cards, as people write them.
BRANDS = {"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "cartes_bancaires": "CB"}
MOST = 60


def method_words(subscription: Any) -> str:
    """What the next invoice will be charged to; "" for nothing. Asked for expanded, as `reading.EXPANDED` has it."""
    method = _method(subscription)
    if method is None:
        return ""
    if method.type == "card":
        brand = BRANDS.get(method.card.brand, str(method.card.brand).title())
        return f"{brand} •••• {method.card.last4}"
    if method.type == "sepa_debit":
        return f"SEPA {method.sepa_debit.country or ''} •••• {method.sepa_debit.last4}"
    return str(method.type).replace("_", " ").capitalize()


def method_kind(subscription: Any) -> str:
    """Stripe's word for it: "card", "sepa_debit"…; "" for nothing."""
    method = _method(subscription)
    return str(method.type) if method else ""


def _method(subscription: Any) -> Any:
    """The subscription's own, else the customer's."""
    customer = subscription.customer
    settings = None if isinstance(customer, str) else customer.get("invoice_settings")
    method = subscription.default_payment_method or (settings and settings.get("default_payment_method"))
    return None if not method or isinstance(method, str) else method


def discount_words(subscription: Any) -> str:
    """The names of what is taken off, "" for nothing."""
    coupons = [one.source.coupon for one in subscription.discounts or [] if not isinstance(one, str) and one.source]
    names = [str(one.name or one.id) for one in coupons if one and not isinstance(one, str)]
    return Truncator(", ".join(names)).chars(MOST)
