"""A subscription changed within its period: what is credited, what is charged, to the second."""

from dataclasses import dataclass, field
from typing import Any

from fakes.stripe.billing import discounts as discounting
from fakes.stripe.billing import invoices, lines, money, payments, periods, subscriptions
from fakes.stripe.errors import invalid
from fakes.stripe.world import Object, World


@dataclass
class Change:
    """`items`: `{id?, price?, quantity?, deleted?, tax_rates?, metadata?}`. `at`: the second that is prorated from."""

    items: list[dict[str, Any]] = field(default_factory=list)
    proration: str = "create_prorations"
    at: int | None = None
    new_anchor: bool = False
    payment_behavior: str = "allow_incomplete"


def apply(world: World, subscription: Object, change: Change) -> Object | None:
    """Changes the items; gives the invoice, where one is made at once. A change that waited is dropped."""
    from fakes.stripe.billing import pending

    pending.drop(world, subscription)
    at = change.at or world.now_for(subscription)
    prorates = change.proration != "none" and subscription["status"] != "trialing"
    longer = [item_change for item_change in change.items if _changes_interval(world, item_change)]
    restarts = bool(longer) or change.new_anchor
    if restarts:
        return _restart(world, subscription, change, at, prorates=prorates)
    for item_change in change.items:
        _apply_item(world, subscription, item_change, at, prorates=prorates)
    _check_left(world, subscription)
    if change.proration == "always_invoice" and subscriptions.take_pending(
        world, subscription["customer"], subscription["id"]
    ):
        return invoice_pending(world, subscription, change)
    return None


def _check_left(world: World, subscription: Object) -> None:
    items = subscriptions.items_of(world, subscription)
    if not items:
        message = "A subscription must have at least one active plan. To cancel a subscription, please use the cancel"
        raise invalid(f"{message} API endpoint instead.", "items")
    if len({item["price"] for item in items}) < len(items):
        raise invalid("Cannot add multiple subscription items with the same plan.", "items")


def _changes_interval(world: World, item_change: dict[str, Any]) -> bool:
    if not item_change.get("id") or not item_change.get("price") or item_change.get("deleted"):
        return False
    old = world.objects[world.get("subscription_item", item_change["id"], "items[0][id]")["price"]]["recurring"]
    new = world.get("price", item_change["price"], "items[0][price]")["recurring"]
    return (old["interval"], old["interval_count"]) != (new["interval"], new["interval_count"])


def _apply_item(world: World, subscription: Object, item_change: dict[str, Any], at: int, *, prorates: bool) -> None:
    if not item_change.get("id"):
        item = subscriptions.add_item(world, subscription, item_change, at)
        _join_period(world, subscription, item)
        if prorates:
            _aside(world, subscription, item, at, credit=False)
        return
    item = world.get("subscription_item", item_change["id"], "items[0][id]")
    if item["subscription"] != subscription["id"]:
        raise invalid(f"The subscription item {item['id']} does not belong to this subscription.", "items[0][id]")
    costs = item_change.get("deleted") or _costs(world, item) != _costs(world, {**item, **_set(item_change)})
    if prorates and costs:
        _aside(world, subscription, item, at, credit=True)
    if item_change.get("deleted"):
        world.drop(item)
        return
    update_item(world, item, item_change)
    if prorates and costs:
        _aside(world, subscription, item, at, credit=False)


def _set(item_change: dict[str, Any]) -> dict[str, Any]:
    return {name: item_change[name] for name in ("price", "quantity") if name in item_change}


def _costs(world: World, item: Object) -> tuple[Any, ...]:
    return item["price"], item["quantity"]


def update_item(world: World, item: Object, item_change: dict[str, Any]) -> None:
    if "price" in item_change:
        price = world.get("price", item_change["price"], "items[0][price]")
        if price["recurring"] is None or not price["active"]:
            raise invalid("This field only accepts active recurring prices.", "items[0][price]")
    item |= _set(item_change)
    if "tax_rates" in item_change:
        item["tax_rates"] = list(item_change["tax_rates"] or [])
    if "metadata" in item_change:
        item["metadata"] = {**item["metadata"], **(item_change["metadata"] or {})}


def _join_period(world: World, subscription: Object, item: Object) -> None:
    """What is added ends with what is there, if it is paid for as often."""
    mine = world.objects[item["price"]]["recurring"]
    for other in subscriptions.items_of(world, subscription):
        theirs = world.objects[other["price"]]["recurring"]
        same = (mine["interval"], mine["interval_count"]) == (theirs["interval"], theirs["interval_count"])
        if other is not item and same:
            item["current_period_end"] = item["billed_until"] = other["current_period_end"]
            item["current_period_start"] = other["current_period_start"]


def _aside(world: World, subscription: Object, item: Object, at: int, *, credit: bool) -> None:
    """An invoice item for the rest of the period: of the old price as a credit, of the new one as a charge."""
    price = world.objects[item["price"]]
    start, end = item["current_period_start"], item["current_period_end"]
    period_length = end - periods.start_of(subscription["billing_cycle_anchor"], price["recurring"], end)
    if not start <= at < end:
        return
    full = money.price_of(price, item["quantity"])
    now = world.now_for(subscription)
    net = discounting.after_percent_off(world, full, discounting.in_force(world, subscription["discounts"], now))
    amount = money.part(net, end - at, period_length) * (-1 if credit else 1)
    name = world.objects[price["product"]]["name"]
    count = f"{item['quantity']} × " if item["quantity"] != 1 else ""
    aside(
        world,
        subscription["customer"],
        amount=amount,
        currency=price["currency"],
        description=f"{'Unused' if credit else 'Remaining'} time on {count}{name} after {lines.day(at)}",
        discountable=False,
        period={"start": at, "end": end},
        pricing=lines.pricing(price),
        proration=True,
        proration_details={"credited_items": None, "discount_amounts": []},
        quantity=item["quantity"],
        tax_rates=list(item["tax_rates"]),
        hidden={
            "subscription": subscription["id"],
            "subscription_item": item["id"],
            "details": {"credited_items": _credited(world, item) if credit else None},
        },
    )


def _credited(world: World, item: Object) -> Object | None:
    """The line that billed what is credited."""
    for invoice in reversed(world.all("invoice")):
        for line in invoice["lines"]["data"]:
            details = (line["parent"] or {}).get("subscription_item_details")
            if details and details["subscription_item"] == item["id"] and line["amount"] > 0:
                return {"invoice": invoice["id"], "invoice_line_items": [line["id"]]}
    return None


def aside(world: World, customer: str, *, hidden: dict[str, Any], **fields: Any) -> Object:
    """An invoice item that waits for the next invoice."""
    owner = world.objects[customer]
    parent = {"subscription": hidden["subscription"], "subscription_item": hidden.get("subscription_item")}
    created = {
        "id": world.new_id("invoiceitem"),
        "object": "invoiceitem",
        "amount": 0,
        "currency": world.settings["currency"],
        "customer": customer,
        "customer_account": None,
        "date": world.now_for(owner),
        "description": None,
        "discountable": True,
        "discounts": [],
        "frozen_fields": None,
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "net_amount": fields.get("amount", 0),
        "parent": {"subscription_details": parent, "type": "subscription_details"} if hidden["subscription"] else None,
        "period": {},
        "pricing": None,
        "proration": False,
        "quantity": 1,
        "tax_rates": [],
        "test_clock": owner["test_clock"],
        **fields,
    }
    created["quantity_decimal"] = str(created["quantity"])
    world.keep(created["id"]).update(hidden)
    world.add(created)
    world.emit("invoiceitem.created", created)
    return created


def _restart(world: World, subscription: Object, change: Change, at: int, *, prorates: bool) -> Object | None:
    """A new anchor, or another rhythm of payment: the old period is credited, a new one begins and is paid."""
    trial = subscription["status"] == "trialing"
    for item in subscriptions.items_of(world, subscription):
        if prorates:
            _aside(world, subscription, item, at, credit=True)
    for item_change in change.items:
        _apply_item(world, subscription, item_change, at, prorates=False)
    _check_left(world, subscription)
    if trial and not change.new_anchor:
        return None
    subscription["billing_cycle_anchor"] = at
    created = []
    for item in subscriptions.items_of(world, subscription):
        end = periods.next_end(at, world.objects[item["price"]]["recurring"], at)
        item |= {"current_period_start": at, "current_period_end": end, "billed_until": end}
        created.append(lines.of_item(world, subscription, item, at, end, trial=False))
    return invoice_pending(world, subscription, change, created)


def invoice_pending(
    world: World, subscription: Object, change: Change | None = None, more: list[Object] | None = None
) -> Object:
    """An invoice, now, of what waits (and of `more`), and the attempt to be paid for it."""
    customer = world.objects[subscription["customer"]]
    waiting = subscriptions.take_pending(world, customer["id"], subscription["id"])
    created = [lines.of_invoice_item(world, item) for item in waiting] + (more or [])
    now = world.now_for(subscription)
    fields = {
        "automatically_finalizes_at": None,
        "discounts": discounting.in_force(world, subscription["discounts"], now),
    }
    invoice = invoices.draft(
        world, customer, created, "subscription_update", subscription=subscription, period=(now, now), fields=fields
    )
    for item in waiting:
        item["invoice"] = invoice["id"]
    subscription["latest_invoice"] = invoice["id"]
    invoices.finalise(world, invoice)
    behaviour = change.payment_behavior if change else "allow_incomplete"
    if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
        _collect(world, invoice, behaviour)
    return invoice


def _collect(world: World, invoice: Object, behaviour: str) -> None:
    if behaviour in ("default_incomplete", "pending_if_incomplete"):
        return
    result = payments.pay(world, invoice)
    if result not in ("ok", *payments.PENDING) and behaviour == "error_if_incomplete":
        raise payments.error_of(world, payments.intent_of(world, invoice), result)


def credit_rest(world: World, subscription: Object, at: int) -> None:
    if subscription["status"] == "trialing":
        return
    for item in subscriptions.items_of(world, subscription):
        _aside(world, subscription, item, at, credit=True)
