"""How much a discount takes off each line."""

from typing import Any

from fakes.stripe.billing import money
from fakes.stripe.world import Object, World


def apply(world: World, lines: list[Object], discounts: list[str]) -> None:
    """Sets each line's `discount_amounts`, one discount after the other, never below zero."""
    for line in lines:
        line["discount_amounts"] = []
    for id_ in discounts:
        coupon = world.keep(id_)["coupon"]
        touched = [line for line in lines if _takes(world, line, id_)]
        left = [net(line) for line in touched]
        for line, amount in zip(touched, _amounts(coupon, left), strict=True):
            line["discount_amounts"].append({"amount": amount, "discount": id_})
            line["discounts"] = [*line["discounts"], id_] if id_ not in line["discounts"] else line["discounts"]


def _takes(world: World, line: Object, discount: str) -> bool:
    products = world.keep(discount).get("products")
    pricing = (line["pricing"] or {}).get("price_details") or {}
    wanted = not products or pricing.get("product") in products
    own = world.objects[discount]["subscription_item"]
    parent = (line["parent"] or {}).get("subscription_item_details") or {}
    return line["discountable"] and line["amount"] > 0 and wanted and own in (None, parent.get("subscription_item"))


def _amounts(coupon: dict[str, Any], left: list[int]) -> list[int]:
    if coupon["percent_off"] is not None:
        return [money.percent(amount, coupon["percent_off"]) for amount in left]
    return money.spread(min(coupon["amount_off"], sum(left)), left)


def net(line: Object) -> int:
    return line["amount"] - sum(part["amount"] for part in line["discount_amounts"])


def in_force(world: World, discounts: list[str], now: int) -> list[str]:
    ends = {id_: world.objects[id_]["end"] for id_ in discounts if id_ in world.objects}
    return [id_ for id_, end in ends.items() if end is None or end > now]


def after_percent_off(world: World, amount: int, discounts: list[str]) -> int:
    """A prorated amount carries the percentages of its subscription in it, and is not discounted again."""
    for id_ in discounts:
        off = world.keep(id_)["coupon"]["percent_off"]
        if off is not None and not world.keep(id_).get("products"):
            amount -= money.percent(amount, off)
    return amount


def use_up(world: World, subscription: Object) -> None:
    """What holds for one invoice only is gone after it."""
    for id_ in list(subscription["discounts"]):
        if world.keep(id_)["coupon"]["duration"] == "once":
            subscription["discounts"].remove(id_)
            world.emit("customer.discount.deleted", world.objects[id_])
