"""The end of a period, and the end of a trial."""

from fakes.stripe.billing import discounts as discounting
from fakes.stripe.billing import invoices, lines, periods, status, subscriptions
from fakes.stripe.world import Object, World


def renew(world: World, subscription: Object) -> Object | None:
    """Begins the next period of each item whose period is over, and drafts its invoice."""
    now = world.now_for(subscription)
    due = [item for item in subscriptions.items_of(world, subscription) if item["current_period_end"] <= now]
    with world.changing(subscription, "customer.subscription.updated"):
        trial = subscription["status"] == "trialing"
        if trial and not _leave_trial(world, subscription):
            return None
        over = (min(item["current_period_start"] for item in due), max(item["current_period_end"] for item in due))
        item_lines = [_advance(world, subscription, item) for item in due]
        invoice = _invoice(world, subscription, item_lines, over)
        subscription["latest_invoice"] = invoice["id"]
    discounting.use_up(world, subscription)
    return invoice


def _leave_trial(world: World, subscription: Object) -> bool:
    """Without any means to pay, the subscription's own settings say what happens."""
    customer = world.objects[subscription["customer"]]
    can_pay = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    behaviour = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if not can_pay and behaviour == "cancel":
        subscriptions.cancel(world, subscription)
        return False
    if not can_pay and behaviour == "pause":
        subscription["status"] = "paused"
        world.emit("customer.subscription.paused", subscription)
        return False
    subscription["status"] = "active"
    return True


def _advance(world: World, subscription: Object, item: Object) -> Object:
    start = item["current_period_end"]
    recurring = world.objects[item["price"]]["recurring"]
    end = periods.next_end(subscription["billing_cycle_anchor"], recurring, start)
    item |= {"current_period_start": start, "current_period_end": end, "billed_until": end}
    return lines.of_item(world, subscription, item, start, end, trial=False)


def _invoice(world: World, subscription: Object, item_lines: list[Object], over: tuple[int, int]) -> Object:
    customer, now = world.objects[subscription["customer"]], world.now_for(subscription)
    waiting = subscriptions.take_pending(world, customer["id"], subscription["id"])
    own = discounting.in_force(world, subscription["discounts"], now)
    shared = customer["discount"]
    fields = {"discounts": own or ([shared["id"]] if shared else [])}
    if subscription["status"] == "unpaid":
        fields |= {"auto_advance": False, "automatically_finalizes_at": None}
    invoice = invoices.draft(
        world,
        customer,
        [lines.of_invoice_item(world, item) for item in waiting] + item_lines,
        "subscription_cycle",
        subscription=subscription,
        period=over,
        fields=fields,
    )
    for item in waiting:
        item["invoice"] = invoice["id"]
    return invoice


def resume(world: World, subscription: Object, *, anchor: str = "now") -> Object | None:
    """A paused subscription begins again, now, and is paid for."""
    from fakes.stripe.billing import changes

    change = changes.Change(new_anchor=anchor == "now", proration="none")
    invoice = changes.apply(world, subscription, change)
    if invoice is None or invoice["status"] == "paid":
        status.set_status(world, subscription, "active")
    world.emit("customer.subscription.resumed", subscription)
    return invoice
