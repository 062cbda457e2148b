"""What Stripe's portal shows of ours: means of payment and invoices. Plans, leaving and addresses are our own pages."""

from typing import Any

import stripe

from billing.stripe.client import client

Done = tuple[str, str]
MARK = {"ruche": "portal"}
FEATURES: dict[str, Any] = {
    "payment_method_update": {"enabled": True},
    "invoice_history": {"enabled": True},
    "customer_update": {"enabled": False},
    "subscription_cancel": {"enabled": False},
    "subscription_update": {"enabled": False},
}


def portal_configuration() -> str:
    """The id of our configuration, made where it is not there. Raises `stripe.StripeError`."""
    return (_there() or _make()).id


def push() -> list[Done]:
    """Make it, or set back what was changed over there; what was done."""
    there = _there()
    if there is None:
        return [("portal created", _make().id)]
    if all(there.features[name]["enabled"] == wanted["enabled"] for name, wanted in FEATURES.items()):
        return []
    client().v1.billing_portal.configurations.update(there.id, {"features": FEATURES})  # type: ignore[arg-type]
    return [("portal updated", there.id)]


def _there() -> stripe.billing_portal.Configuration | None:
    listed = client().v1.billing_portal.configurations.list({"active": True, "limit": 100})
    found = (one for one in listed.auto_paging_iter() if one.metadata and "ruche" in one.metadata)
    return min(found, key=lambda one: one.created, default=None)


def _make() -> stripe.billing_portal.Configuration:
    asked: dict[str, Any] = {"features": FEATURES, "metadata": MARK, "name": "Ruche"}
    return client().v1.billing_portal.configurations.create(asked)  # type: ignore[arg-type]
