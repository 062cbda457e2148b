"""Coupons and promotion codes, and the discounts that they become on a customer, a subscription or an invoice."""

from typing import Any

from fakes.stripe.billing.periods import add
from fakes.stripe.common import LIST, deleted, listing, metadata, only, take
from fakes.stripe.errors import invalid
from fakes.stripe.expanding import INCLUDED
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World, token


def create(call: Call) -> Object:
    params, world = call.params, call.world
    if ("percent_off" in params) == ("amount_off" in params):
        raise invalid("Must provide percent_off or amount_off.", "percent_off")
    if params.get("id") in world.objects:
        raise invalid("Coupon already exists.", "id", "resource_already_exists")
    if params.get("duration") == "repeating" and not params.get("duration_in_months"):
        raise invalid("Missing required param: duration_in_months.", "duration_in_months", "parameter_missing")
    coupon = {
        "id": params.get("id") or world.new_id("coupon"),
        "object": "coupon",
        "amount_off": params.get("amount_off"),
        "created": world.now(),
        "currency": params.get("currency"),
        "duration": params.get("duration", "once"),
        "duration_in_months": params.get("duration_in_months"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": metadata({}, params.get("metadata")),
        "name": params.get("name"),
        "percent_off": params.get("percent_off"),
        "redeem_by": params.get("redeem_by"),
        "times_redeemed": 0,
        "valid": True,
    }
    world.add(coupon)
    if applies := params.get("applies_to"):
        world.keep(coupon["id"])["products"] = applies["products"]
    world.emit("coupon.created", coupon)
    return coupon


def update(call: Call) -> Object:
    coupon = call.object("coupon")
    with call.world.changing(coupon, "coupon.updated"):
        take(coupon, call.params, "name")
    return coupon


def delete(call: Call) -> Object:
    coupon = call.object("coupon")
    call.world.drop(coupon)
    call.world.emit("coupon.deleted", coupon)
    return deleted(coupon)


def code_create(call: Call) -> Object:
    params, world = call.params, call.world
    promotion = only(params["promotion"], "type coupon", "promotion")
    world.get("coupon", promotion.get("coupon", ""), "promotion[coupon]")
    restrictions = only(
        params.get("restrictions", {}), "first_time_transaction minimum_amount minimum_amount_currency", "restrictions"
    )
    code = {
        "id": world.new_id("promotion_code"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": params.get("code") or token(8).upper(),
        "created": world.now(),
        "customer": params.get("customer"),
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": metadata({}, params.get("metadata")),
        "promotion": {"coupon": promotion["coupon"], "type": "coupon"},
        "restrictions": {
            "first_time_transaction": restrictions.get("first_time_transaction", False),
            "minimum_amount": restrictions.get("minimum_amount"),
            "minimum_amount_currency": restrictions.get("minimum_amount_currency"),
        },
        "times_redeemed": 0,
    }
    world.add(code)
    world.emit("promotion_code.created", code)
    return code


def code_update(call: Call) -> Object:
    code = call.object("promotion_code")
    with call.world.changing(code, "promotion_code.updated"):
        take(code, call.params, "active")
    return code


def code_index(call: Call) -> Object:
    wanted = {name: call.params[name] for name in ("active", "code", "customer") if name in call.params}
    objects = call.world.find("promotion_code", **wanted)
    if coupon := call.params.get("coupon"):
        objects = [code for code in objects if code["promotion"]["coupon"] == coupon]
    return listing(call, objects)


# Discounts


def redeem(world: World, values: dict[str, Any], now: int, **on: Any) -> Object:
    """A discount from `{coupon}`, `{promotion_code}` or `{discount}`; `on`: the customer or subscription it is for."""
    if hidden := values.get("discount"):
        return world.get("discount", hidden, "discounts")
    code = world.get("promotion_code", values["promotion_code"], "discounts") if values.get("promotion_code") else None
    coupon = world.get("coupon", code["promotion"]["coupon"] if code else values.get("coupon", ""), "discounts")
    _check(world, coupon, code, now, on.get("customer"))
    for redeemed in filter(None, (coupon, code)):
        redeemed["times_redeemed"] += 1
    months = coupon["duration_in_months"]
    discount = {
        "id": world.new_id("discount"),
        "object": "discount",
        "checkout_session": None,
        "customer": None,
        "customer_account": None,
        "end": add(now, "month", months) if coupon["duration"] == "repeating" else None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": code["id"] if code else None,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": now,
        "subscription": None,
        "subscription_item": None,
        **on,
    }
    # The coupon may be deleted; what it gave is kept.
    world.keep(discount["id"])["coupon"] = dict(coupon)
    world.keep(discount["id"])["products"] = world.keep(coupon["id"]).get("products")
    return world.add(discount)


def redeem_all(world: World, subscription: Object, values: list[dict[str, Any]] | None) -> list[str]:
    """The discounts that take the place of a subscription's own."""
    now, owner = world.now_for(subscription), {"customer": subscription["customer"], "subscription": subscription["id"]}
    return [redeem(world, entry, now, **owner)["id"] for entry in values or []]


def _check(world: World, coupon: Object, code: Object | None, now: int, customer: str | None) -> None:
    over = coupon["redeem_by"] and now > coupon["redeem_by"]
    used = coupon["max_redemptions"] and coupon["times_redeemed"] >= coupon["max_redemptions"]
    if over or used or not coupon["valid"]:
        raise invalid(f"Coupon {coupon['id']} is used up or expired.", "discounts", "coupon_expired")
    if code is None:
        return
    used = code["max_redemptions"] and code["times_redeemed"] >= code["max_redemptions"]
    if not code["active"] or used or (code["expires_at"] and now > code["expires_at"]):
        raise invalid("This promotion code is not active.", "discounts", "promotion_code_inactive")
    if code["customer"] and code["customer"] != customer:
        raise invalid("This promotion code is for another customer.", "discounts", "promotion_code_customer_mismatch")
    if code["restrictions"]["first_time_transaction"] and _has_paid(world, customer):
        message = "This promotion code cannot be redeemed because the associated customer has prior transactions."
        raise invalid(message, "discounts", "customer_has_prior_transactions")


def _has_paid(world: World, customer: str | None) -> bool:
    return any(invoice["amount_paid"] for invoice in world.find("invoice", customer=customer))


def _render_coupon(world: World, coupon: Object) -> Object:
    used_up = coupon["max_redemptions"] and coupon["times_redeemed"] >= coupon["max_redemptions"]
    over = coupon["redeem_by"] and world.now() > coupon["redeem_by"]
    return {**coupon, "valid": not (used_up or over)}


def _applies_to(world: World, coupon: Object) -> Any:
    products = world.keep(coupon["id"]).get("products")
    return {"products": products} if products else None


def _install() -> None:
    from fakes.stripe.world import RENDER

    RENDER["coupon"] = _render_coupon
    INCLUDED["coupon", "applies_to"] = _applies_to


_install()
CREATE = (
    "id percent_off amount_off currency duration duration_in_months max_redemptions redeem_by name metadata applies_to"
)
CODE = "promotion code customer active expires_at max_redemptions restrictions metadata"
ROUTES = [
    Route("POST", "/v1/coupons", create, "CouponCreateParams", CREATE),
    Route("GET", "/v1/coupons", lambda call: listing(call, call.world.all("coupon")), "CouponListParams", LIST),
    Route("GET", "/v1/coupons/{id}", lambda call: call.object("coupon"), "CouponRetrieveParams"),
    Route("POST", "/v1/coupons/{id}", update, "CouponUpdateParams", "name metadata"),
    Route("DELETE", "/v1/coupons/{id}", delete),
    Route("POST", "/v1/promotion_codes", code_create, "PromotionCodeCreateParams", CODE),
    Route("GET", "/v1/promotion_codes", code_index, "PromotionCodeListParams", f"{LIST} active code customer coupon"),
    Route("GET", "/v1/promotion_codes/{id}", lambda call: call.object("promotion_code"), "PromotionCodeRetrieveParams"),
    Route("POST", "/v1/promotion_codes/{id}", code_update, "PromotionCodeUpdateParams", "active metadata"),
]
