"""Pending updates (`pending_if_incomplete`): stored while their invoice is open, applied when it is paid, dropped when
it is voided or expires.
"""

import copy
from collections.abc import Callable
from typing import Any

from fakes.stripe.billing import invoices, payments, status, subscriptions
from fakes.stripe.errors import invalid
from fakes.stripe.world import Object, World

BEHAVIOUR = "pending_if_incomplete"
ALLOWED = (
    "items payment_behavior proration_behavior proration_date billing_cycle_anchor trial_end trial_from_plan "
    "metadata discounts expand"
)
ITEM = "id price quantity deleted"
# What such a change may touch of a subscription, beside its items; and what of it is shown.
FIELDS = ("billing_cycle_anchor", "discounts", "metadata", "status", "trial_end", "trial_start")
SHOWN = ("billing_cycle_anchor", "discounts", "metadata", "trial_end")
LONGEST = 23 * 3600
# Stripe takes cards and wallets here, and no debit of a bank account.
METHODS = ("card",)


def check(world: World, subscription: Object, params: dict[str, Any]) -> None:
    """Refuse parameters that Stripe does not allow with `pending_if_incomplete`."""
    refused = [name for name in params if name not in ALLOWED.split()]
    refused += [f"items[{name}]" for item in params.get("items") or [] for name in item if name not in ITEM.split()]
    if refused:
        message = f"The following parameters cannot be used with payment_behavior={BEHAVIOUR}: {', '.join(refused)}."
        raise invalid(message, refused[0])
    if subscription["collection_method"] != "charge_automatically":
        raise invalid(f"{BEHAVIOUR} needs collection_method=charge_automatically.", "payment_behavior")
    method = status.method_of(world, subscription)
    if method and method["type"] not in METHODS:
        message = f"{BEHAVIOUR} cannot be used with a payment method of type {method['type']}."
        raise invalid(message, "payment_behavior")


def attempt(world: World, subscription: Object, make: Callable[[], Object | None]) -> None:
    """Apply the change and try to pay its invoice; on failure revert it and store it as pending."""
    drop(world, subscription)
    before = _state(world, subscription)
    waiting = [item["id"] for item in subscriptions.take_pending(world, subscription["customer"], subscription["id"])]
    invoice = make()
    if invoice is None or invoice["status"] != "open":
        return
    after = {name: value for name, value in _state(world, subscription).items() if value != before[name]}
    _put(world, subscription, before)
    aside = {"invoice": invoice["id"], "after": after, "waiting": waiting}
    world.keep(subscription["id"])["aside"] = aside
    payments.pay(world, invoice)
    if is_of(world, invoice):
        subscription["pending_update"] = {
            **{name: after.get(name) for name in SHOWN},
            "discount": None,
            "expires_at": min(world.now_for(subscription) + LONGEST, *(end for end in _ends(before))),
            "trial_from_plan": None,
        }


def _ends(state: dict[str, Any]) -> list[int]:
    return [item["current_period_end"] for item in state["items"]]


def _state(world: World, subscription: Object) -> dict[str, Any]:
    fields = {name: subscription[name] for name in FIELDS}
    return copy.deepcopy({**fields, "items": subscriptions.items_of(world, subscription)})


def _put(world: World, subscription: Object, state: dict[str, Any]) -> None:
    state = copy.deepcopy(state)
    if "items" in state:
        for item in subscriptions.items_of(world, subscription):
            world.drop(item)
        for item in state.pop("items"):
            world.add(item)
    subscription |= state


def _aside(world: World, subscription: Object | None) -> dict[str, Any] | None:
    return world.keep(subscription["id"]).get("aside") if subscription else None


def is_of(world: World, invoice: Object) -> bool:
    """True for the invoice that a change waits for."""
    aside = _aside(world, invoices.subscription_of(world, invoice))
    return aside is not None and aside["invoice"] == invoice["id"]


def paid(world: World, invoice: Object) -> None:
    """Apply the pending update of a paid invoice."""
    subscription = invoices.subscription_of(world, invoice)
    if subscription is None or not is_of(world, invoice):
        return
    hidden = world.keep(subscription["id"])
    if subscription["pending_update"] is None:
        # Paid at once: it never waited, and the request that made it tells of it.
        _put(world, subscription, hidden.pop("aside")["after"])
        return
    with world.changing(subscription, "customer.subscription.updated"):
        _put(world, subscription, hidden.pop("aside")["after"])
        subscription["pending_update"] = None
    world.emit("customer.subscription.pending_update_applied", subscription)


def voided(world: World, invoice: Object) -> None:
    """Drop the pending update of a voided invoice; its invoice items become pending again."""
    subscription = invoices.subscription_of(world, invoice)
    if subscription is None or not is_of(world, invoice):
        return
    with world.changing(subscription, "customer.subscription.updated"):
        aside = world.keep(subscription["id"]).pop("aside")
        subscription["pending_update"] = None
    for id_ in aside["waiting"]:
        world.objects[id_]["invoice"] = None
    world.emit("customer.subscription.pending_update_expired", subscription)


def drop(world: World, subscription: Object) -> None:
    """Drop the pending update of a subscription by voiding its invoice."""
    if aside := _aside(world, subscription):
        invoices.void(world, world.objects[aside["invoice"]])


def shown(world: World, subscription: Object) -> Object | None:
    """`pending_update` with the whole items that are to be."""
    if subscription["pending_update"] is None:
        return None
    aside = _aside(world, subscription)
    items = (aside or {"after": {}})["after"].get("items")
    rendered = [subscriptions.render_item(world, item) for item in items] if items else None
    return {**copy.deepcopy(subscription["pending_update"]), "subscription_items": rendered}
