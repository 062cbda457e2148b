"""Configuration of Stripe's customer portal: means of payment and invoices only.

Changes of plan, cancellation and billing address have pages of ours, with rules that the portal does not have.
"""

from typing import Any

import stripe

from billing.stripe.client import client

Action = tuple[str, str]
METADATA = {"ruche": "portal"}
FEATURES: dict[str, Any] = {
    "payment_method_update": {"enabled": True},
    "invoice_history": {"enabled": True},
    "customer_update": {"enabled": False},
    "subscription_cancel": {"enabled": False},
    "subscription_update": {"enabled": False},
}


def portal_configuration() -> str:
    """The id of our configuration, created if missing. Raises `stripe.StripeError`."""
    return (_existing() or _create()).id


def push() -> list[Action]:
    """Create the configuration, or undo changes made at Stripe; return the actions taken."""
    configuration = _existing()
    if configuration is None:
        return [("portal created", _create().id)]
    if all(configuration.features[name]["enabled"] == feature["enabled"] for name, feature in FEATURES.items()):
        return []
    client().v1.billing_portal.configurations.update(configuration.id, {"features": FEATURES})  # type: ignore[arg-type]
    return [("portal updated", configuration.id)]


def _existing() -> stripe.billing_portal.Configuration | None:
    configurations = client().v1.billing_portal.configurations.list({"active": True, "limit": 100})
    matches = (
        candidate
        for candidate in configurations.auto_paging_iter()
        if candidate.metadata and "ruche" in candidate.metadata
    )
    return min(matches, key=lambda candidate: candidate.created, default=None)


def _create() -> stripe.billing_portal.Configuration:
    parameters: dict[str, Any] = {"features": FEATURES, "metadata": METADATA, "name": "Ruche"}
    return client().v1.billing_portal.configurations.create(parameters)  # type: ignore[arg-type]
