"""Everything there is, made so many days older: periods are counted from then on as they stand."""

from fakes.stripe.billing import periods, subscriptions
from fakes.stripe.world import DAY, Object, World

# Months have 28 to 31 days: what moves by days falls that far from where months would put it.
SLACK = 4 * DAY


def move_back(world: World, seconds: int) -> None:
    """Moves all moments, then counts each period from an anchor that fits where they stand."""
    world.move_back(seconds)
    for one in world.all("subscription"):
        found = subscriptions.items_of(world, one)
        if found and one["status"] not in subscriptions.OVER:
            _realign(world, one, found)


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
