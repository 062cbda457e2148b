"""Short French descriptions of a means of payment and of discounts, stored in the subscription's row for pages."""

from typing import Any

from django.utils.text import Truncator

# Stripe's card brand → name shown to people.
BRANDS = {"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "cartes_bancaires": "CB"}
MAX_LENGTH = 60


def describe_payment_method(subscription: Any) -> str:
    """The means of payment of the next invoice; "" if there is none. Needs the expansions of `snapshot.EXPAND`."""
    payment_method = _payment_method(subscription)
    if payment_method is None:
        return ""
    if payment_method.type == "card":
        brand = BRANDS.get(payment_method.card.brand, str(payment_method.card.brand).title())
        return f"{brand} •••• {payment_method.card.last4}"
    if payment_method.type == "sepa_debit":
        return f"SEPA {payment_method.sepa_debit.country or ''} •••• {payment_method.sepa_debit.last4}"
    return str(payment_method.type).replace("_", " ").capitalize()


def payment_method_type(subscription: Any) -> str:
    """Stripe's type of the means of payment: "card", "sepa_debit"…; "" if there is none."""
    payment_method = _payment_method(subscription)
    return str(payment_method.type) if payment_method else ""


def _payment_method(subscription: Any) -> Any:
    """The subscription's means of payment, otherwise the customer's default; None if absent or not expanded."""
    customer = subscription.customer
    settings = None if isinstance(customer, str) else customer.get("invoice_settings")
    payment_method = subscription.default_payment_method or (settings and settings.get("default_payment_method"))
    return None if not payment_method or isinstance(payment_method, str) else payment_method


def describe_discounts(subscription: Any) -> str:
    """The names of the coupons, separated by commas, at most `MAX_LENGTH` characters; "" without a discount."""
    coupons = [item.source.coupon for item in subscription.discounts or [] if not isinstance(item, str) and item.source]
    names = [str(item.name or item.id) for item in coupons if item and not isinstance(item, str)]
    return Truncator(", ".join(names)).chars(MAX_LENGTH)
