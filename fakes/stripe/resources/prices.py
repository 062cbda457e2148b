"""Prices: so much a unit, once or every so many months; and the plan that each recurring price also is."""

from typing import Any

from fakes.stripe.common import LIST, listing, metadata, only, take
from fakes.stripe.errors import invalid, unsimulated
from fakes.stripe.expanding import INCLUDED
from fakes.stripe.resources import products
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World


def create(call: Call) -> Object:
    world, params = call.world, call.params
    if params.get("billing_scheme", "per_unit") != "per_unit":
        raise unsimulated("billing_scheme tiered")
    price = {
        "id": world.new_id("price"),
        "object": "price",
        "active": params.get("active", True),
        "billing_scheme": "per_unit",
        "created": world.now(),
        "currency": params["currency"].lower(),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": None,
        "metadata": metadata({}, params.get("metadata")),
        "nickname": params.get("nickname"),
        "product": _product(call),
        "recurring": _recurring(params.get("recurring")),
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if params.get("recurring") else "one_time",
        **_amount(params),
    }
    _take_lookup_key(call, price)
    world.add(price)
    world.emit("price.created", price)
    return price


def _product(call: Call) -> str:
    if data := call.params.get("product_data"):
        inner = Call(call.world, {}, dict(data), call.path, call.base)
        return str(products.create(inner)["id"])
    if not call.params.get("product"):
        raise invalid("You must specify either `product` or `product_data` when creating a price.", "product")
    return str(call.world.get("product", call.params["product"], "product")["id"])


def _recurring(values: dict[str, Any] | None) -> dict[str, Any] | None:
    if not values:
        return None
    only(values, "interval interval_count usage_type trial_period_days", "recurring")
    if values.get("usage_type", "licensed") != "licensed":
        raise unsimulated("recurring[usage_type] metered")
    return {
        "interval": values["interval"],
        "interval_count": values.get("interval_count", 1),
        "meter": None,
        "trial_period_days": values.get("trial_period_days"),
        "usage_type": "licensed",
    }


def _amount(params: dict[str, Any]) -> dict[str, Any]:
    if "unit_amount" in params:
        return {"unit_amount": params["unit_amount"], "unit_amount_decimal": str(params["unit_amount"])}
    if "unit_amount_decimal" not in params:
        raise invalid("Missing required param: unit_amount.", "unit_amount", "parameter_missing")
    exact = params["unit_amount_decimal"]
    return {"unit_amount": int(exact) if exact == int(exact) else None, "unit_amount_decimal": f"{exact:f}"}


def _take_lookup_key(call: Call, price: Object) -> None:
    key = call.params.get("lookup_key")
    if not key:
        return
    for other in call.world.find("price", lookup_key=key):
        if other["id"] == price["id"]:
            continue
        if not call.params.get("transfer_lookup_key"):
            message = f"A price (`{other['id']}`) already uses that lookup key."
            raise invalid(message, "lookup_key", "resource_already_exists")
        with call.world.changing(other, "price.updated"):
            other["lookup_key"] = None
    price["lookup_key"] = key


def update(call: Call) -> Object:
    price = call.object("price")
    with call.world.changing(price, "price.updated"):
        _take_lookup_key(call, price)
        take(price, call.params, "active nickname tax_behavior")
    return price


def index(call: Call) -> Object:
    objects = call.world.all("price")
    for name in ("active", "product", "currency", "type"):
        if name in call.params:
            objects = [price for price in objects if price[name] == call.params[name]]
    if keys := call.params.get("lookup_keys"):
        objects = [price for price in objects if price["lookup_key"] in keys]
    for name, value in call.params.get("recurring", {}).items():
        objects = [price for price in objects if price["recurring"] and price["recurring"][name] == value]
    return listing(call, objects)


def plan_of(price: Object) -> Object:
    """The older name of a recurring price, which subscription items still show."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": dict(price["metadata"]),
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": recurring["trial_period_days"],
        "usage_type": "licensed",
    }


def _currency_options(_world: World, price: Object) -> dict[str, Any]:
    names = ("tax_behavior", "unit_amount", "unit_amount_decimal")
    return {price["currency"]: {"custom_unit_amount": None, **{name: price[name] for name in names}}}


INCLUDED["price", "currency_options"] = _currency_options
INCLUDED["price", "tiers"] = lambda world, price: None

CREATE = (
    "active billing_scheme currency lookup_key metadata nickname product product_data recurring tax_behavior "
    "transfer_lookup_key unit_amount unit_amount_decimal"
)
UPDATE = "active lookup_key metadata nickname tax_behavior transfer_lookup_key"
ROUTES = [
    Route("POST", "/v1/prices", create, "PriceCreateParams", CREATE),
    Route("GET", "/v1/prices", index, "PriceListParams", f"{LIST} active product currency type lookup_keys recurring"),
    Route("GET", "/v1/prices/{id}", lambda call: call.object("price"), "PriceRetrieveParams"),
    Route("POST", "/v1/prices/{id}", update, "PriceUpdateParams", UPDATE),
    Route("GET", "/v1/plans/{id}", lambda call: plan_of(call.object("price")), "PlanRetrieveParams"),
]
