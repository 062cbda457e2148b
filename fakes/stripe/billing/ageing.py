"""Moves all objects back in time, and realigns the periods of subscriptions."""

from fakes.stripe.billing import periods, subscriptions
from fakes.stripe.world import DAY, Object, World

# Months have 28 to 31 days, so a date moved by days may differ this much from one moved by months.
SLACK = 4 * DAY


def move_back(world: World, seconds: int) -> None:
    """Move all timestamps back by `seconds`, then choose anchors that fit the moved periods."""
    world.move_back(seconds)
    for subscription in world.all("subscription"):
        items = subscriptions.items_of(world, subscription)
        if items and subscription["status"] not in subscriptions.OVER:
            _realign(world, subscription, items)


def _realign(world: World, subscription: Object, items: list[Object]) -> None:
    last = max(items, key=lambda item: item["current_period_end"])
    anchor = periods.start_before(last["current_period_end"], _recurring(world, last))
    subscription["billing_cycle_anchor"] = anchor
    for item in items:
        end = periods.next_end(anchor, _recurring(world, item), item["current_period_end"] - SLACK)
        item["current_period_end"] = item["billed_until"] = end
    if subscription["cancel_at_period_end"]:
        subscription["cancel_at"] = min(item["current_period_end"] for item in items)


def _recurring(world: World, item: Object) -> Object:
    return dict(world.objects[item["price"]]["recurring"])
