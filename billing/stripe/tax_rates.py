"""VAT as Stripe's tax rates: one per rate and country, and one per reason for charging no VAT.

The percentage of a tax rate cannot change at Stripe, so another percentage is another tax rate. Rates of 0 % are needed
because their name is printed on the invoice as the reason.
"""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

import stripe

from billing.stripe.client import client
from tax.vat import Category, Vat

# Printed on invoices beside the percentage.
NAMES = {
    Category.STANDARD: "TVA",
    Category.REVERSE_CHARGE: "TVA, autoliquidation",
    Category.OUTSIDE: "TVA non applicable",
    Category.NOT_APPLIED: "TVA non applicable",
}


def tax_rate_of(vat: Vat) -> str:
    """The id of the tax rate at Stripe, created or activated if needed. Raises `stripe.StripeError`."""
    key = vat_key(vat)
    rates = client().v1.tax_rates.list({"limit": 100})
    rate = next((rate for rate in rates.auto_paging_iter() if _marker(rate) == key), None)
    if rate is None:
        rate = _create(vat, key)
    if not rate.active:
        client().v1.tax_rates.update(rate.id, {"active": True})
    return rate.id


def _marker(rate: stripe.TaxRate) -> str:
    return rate.metadata["ruche_vat"] if rate.metadata and "ruche_vat" in rate.metadata else ""


def vat_keys_of(subscription: stripe.Subscription) -> tuple[str, ...]:
    """The keys (`vat_key`) of a subscription's tax rates; "" for a rate that is not ours."""
    return tuple(_marker(rate) for rate in subscription.default_tax_rates or [])


def vat_key(vat: Vat) -> str:
    """The key in a tax rate's metadata: `S-FR-20`; without VAT the category and mention, whatever the country."""
    if vat.category is Category.STANDARD:
        return f"S-{vat.country}-{vat.rate_percent.normalize():f}"
    return f"{vat.category}-{vat.mention}"


def _create(vat: Vat, key: str) -> stripe.TaxRate:
    parameters: dict[str, Any] = {
        "display_name": NAMES[vat.category],
        "description": vat.mention or f"{NAMES[vat.category]} {vat.country}",
        "percentage": float(vat.rate_percent),
        "inclusive": False,
        "tax_type": "vat",
        "metadata": {"ruche_vat": key},
    }
    if vat.country:
        parameters |= {"jurisdiction": vat.country, "country": vat.country}
    # The idempotency key covers a lost answer; `tax_rate_of` looks at the list first because Stripe may drop keys
    # after 24 hours: https://docs.stripe.com/api/idempotent_requests
    return client().v1.tax_rates.create(parameters, {"idempotency_key": f"ruche-vat-{uuid5(NAMESPACE_URL, key)}"})  # type: ignore[arg-type]
