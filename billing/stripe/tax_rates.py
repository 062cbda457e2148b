"""Our VAT as Stripe's tax rates: one for each rate and country, one for each reason why there is none.

A rate's percentage never changes over there: another one is another rate. Those of 0 % exist too: their name is
printed on the invoice, so that it says why nothing is added.
"""

from typing import Any
from uuid import NAMESPACE_URL, uuid5

import stripe

from billing.stripe.client import client
from tax.vat import Category, Vat

# Printed beside the percentage.
NAMES = {
    Category.STANDARD: "TVA",
    Category.REVERSE_CHARGE: "TVA, autoliquidation",
    Category.OUTSIDE: "TVA non applicable",
    Category.NOT_APPLIED: "TVA non applicable",
}


def tax_rate_of(vat: Vat) -> str:
    """The id of its tax rate at Stripe, made where it is not there. Raises `stripe.StripeError`."""
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
    """Those that a subscription has; "" for one that is not ours."""
    return tuple(_marker(rate) for rate in subscription.default_tax_rates or [])


def vat_key(vat: Vat) -> str:
    """As `S-FR-20`; what takes nothing is the same from everywhere."""
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
    # The same answer again where ours was lost; the list is looked at first, for this is forgotten within days.
    return client().v1.tax_rates.create(parameters, {"idempotency_key": f"ruche-vat-{uuid5(NAMESPACE_URL, key)}"})  # type: ignore[arg-type]
