"""Previews of invoices: the change is applied in a copy of the world."""

from typing import Any

from fakes.stripe.billing import changes, renewals, subscriptions
from fakes.stripe.errors import StripeError
from fakes.stripe.resources import coupons
from fakes.stripe.world import Object, World, token


def upcoming(
    world: World,
    subscription: Object,
    change: changes.Change | None = None,
    discounts: list[dict[str, Any]] | None = None,
) -> Object:
    """The next invoice of a subscription, after this change; the one that the change makes at once, if it does.

    `discounts`: as they would be; None: as they are.
    """
    other = world.copied(subscription["customer"])
    if change is None and _ends(world, subscription):
        message = f"No upcoming invoices for customer: {subscription['customer']}"
        raise StripeError(404, "invalid_request_error", message, code="invoice_upcoming_none")
    mine = other.objects[subscription["id"]]
    if discounts is not None:
        mine["discounts"] = coupons.redeem_all(other, mine, discounts)
    invoice = changes.apply(other, mine, change) if change else None
    if invoice is None:
        invoice = _at_period_end(other, mine)
    return shown(other, invoice)


def _ends(world: World, subscription: Object) -> bool:
    """Nothing more is invoiced."""
    if subscription["status"] in subscriptions.OVER:
        return True
    first = min(item["current_period_end"] for item in subscriptions.items_of(world, subscription))
    return subscription["cancel_at"] is not None and subscription["cancel_at"] <= first


def _at_period_end(other: World, subscription: Object) -> Object:
    items = subscriptions.items_of(other, subscription)
    clock = other.clock_of(subscription)
    end = min(item["current_period_end"] for item in items)
    if clock:
        other.objects[clock]["frozen_time"] = end
    else:
        other.stepping = end
    subscription["trial_settings"] = {"end_behavior": {"missing_payment_method": "create_invoice"}}
    subscription["status"] = "active" if subscription["status"] != "trialing" else "trialing"
    invoice = renewals.renew(other, subscription)
    assert invoice is not None
    return invoice


def first(world: World, customer: Object, wanted: subscriptions.Wanted) -> Object:
    """The first invoice of a subscription that does not exist yet."""
    other = world.copied(customer["id"])
    wanted.payment_behavior = "default_incomplete"
    subscription = subscriptions.start(other, other.objects[customer["id"]], wanted)
    invoice = other.objects[subscription["latest_invoice"]]
    invoice["parent"] = None
    for line in invoice["lines"]["data"]:
        line["subscription"] = None
    return shown(other, invoice)


def shown(other: World, invoice: Object) -> Object:
    """As Stripe shows it: a draft without number."""
    id_ = f"upcoming_in_1{token(23)}"
    fresh: dict[str, Any] = {"id": id_, "status": "draft", "number": None, "effective_at": None}
    fresh |= {"hosted_invoice_url": None, "invoice_pdf": None, "amount_paid": 0, "attempted": False}
    fresh |= {"attempt_count": 0, "automatically_finalizes_at": None, "next_payment_attempt": None}
    fresh["amount_remaining"] = invoice["amount_due"]
    fresh["status_transitions"] = dict.fromkeys(invoice["status_transitions"])
    answer = {**other.render(invoice), **fresh}
    for line in answer["lines"]["data"]:
        line["invoice"] = id_
    return answer
