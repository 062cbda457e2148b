"""Checkout sessions: of a subscription, or of a payment method to keep. The page is in `pages/checkout.py`."""

from typing import Any

from fakes.stripe.billing import checkouts, timeline
from fakes.stripe.common import LIST, as_list, listing, metadata, only
from fakes.stripe.errors import invalid, unsimulated
from fakes.stripe.expanding import INCLUDED
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World, token

KIND = "checkout.session"
SUBSCRIPTION = (
    "trial_period_days trial_end metadata default_tax_rates description trial_settings billing_cycle_anchor "
    "proration_behavior billing_mode invoice_settings"
)
FRENCH = "Stripe simulé"


def create(call: Call) -> Object:
    params, world = call.params, call.world
    mode = params.get("mode", "subscription")
    if mode not in ("subscription", "setup"):
        raise unsimulated(f"checkout sessions of mode {mode}")
    if params.get("ui_mode", "hosted_page") not in ("hosted_page", "hosted"):
        raise unsimulated("a checkout that is embedded")
    customer = world.get("customer", params["customer"], "customer") if params.get("customer") else None
    _check(params, customer)
    session = _blank(world, params, mode, world.now(customer["test_clock"] if customer else None))
    hidden = world.keep(session["id"])
    hidden["items"] = [_item(world, item) for item in params.get("line_items") or []]
    if mode == "subscription" and not hidden["items"]:
        raise invalid("Missing required param: line_items.", "line_items", "parameter_missing")
    if len(_rhythms(world, hidden["items"])) > 1:
        raise invalid("All prices of a Checkout Session must have the same billing interval.", "line_items")
    hidden["subscription_data"] = only(dict(params.get("subscription_data") or {}), SUBSCRIPTION, "subscription_data")
    hidden["discounts"] = [dict(values) for values in params.get("discounts") or []]
    hidden["customer_update"] = dict(params.get("customer_update") or {})
    # Refused here rather than on the page: what would not even be shown.
    if mode == "subscription":
        _set_totals(world, session)
    return world.add(session)


def _rhythms(world: World, items: list[dict[str, Any]]) -> set[tuple[str, int]]:
    objects = [world.objects[item["price"]]["recurring"] for item in items]
    return {(each["interval"], each["interval_count"]) for each in objects if each}


def _check(params: dict[str, Any], customer: Object | None) -> None:
    if "success_url" not in params:
        raise invalid("Missing required param: success_url.", "success_url", "parameter_missing")
    if customer and params.get("customer_email"):
        raise invalid("You may only specify one of these parameters: customer, customer_email.", "customer_email")
    if params.get("customer_update") and not customer:
        raise invalid("`customer_update` can only be used with `customer`.", "customer_update")
    if params.get("discounts") and params.get("allow_promotion_codes"):
        raise invalid("You may only specify one of these parameters: allow_promotion_codes, discounts.", "discounts")
    collects = (params.get("tax_id_collection") or {}).get("enabled")
    if collects and customer and (params.get("customer_update") or {}).get("name") != "auto":
        message = "Tax ID collection requires updating business name on the customer. To enable tax ID collection for "
        message += "an existing customer, please set `customer_update[name]` to `auto`."
        raise invalid(message, "customer_update")
    if (params.get("automatic_tax") or {}).get("enabled"):
        raise unsimulated("automatic_tax")


def _item(world: World, values: dict[str, Any]) -> dict[str, Any]:
    only(values, "price quantity tax_rates metadata", "line_items[0]")
    price = world.get("price", values.get("price", ""), "line_items[0][price]")
    if price["recurring"] is None:
        raise unsimulated("one-time prices in a checkout")
    return {**values, "quantity": values.get("quantity", 1)}


def _blank(world: World, params: dict[str, Any], mode: str, now: int) -> Object:
    id_ = f"cs_test_a1{token(58)}"
    expires = params.get("expires_at", now + int(world.settings["checkout_hours"] * 3600))
    if expires < now + 1800 or expires > now + 86400:
        message = "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from creation."
        raise invalid(message, "expires_at")
    subscribes = mode == "subscription"
    return {
        "id": id_,
        "object": KIND,
        "adaptive_pricing": {"enabled": False},
        "after_expiration": None,
        "allow_promotion_codes": params.get("allow_promotion_codes"),
        "amount_subtotal": None,
        "amount_total": None,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": params.get("billing_address_collection"),
        "branding_settings": None,
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "created": now,
        "currency": world.settings["currency"] if subscribes else params.get("currency"),
        "currency_conversion": None,
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": params.get("customer"),
        "customer_account": None,
        "customer_creation": None if params.get("customer") else "always" if subscribes else "if_required",
        "customer_details": None,
        "customer_email": params.get("customer_email"),
        "discounts": [_discount(values) for values in params.get("discounts") or []],
        "expires_at": expires,
        "invoice": None,
        "invoice_creation": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": metadata({}, params.get("metadata")),
        "mode": mode,
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": params.get("payment_method_collection", "always"),
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": params.get("payment_method_types") or ["card", "sepa_debit"],
        "payment_status": "unpaid" if subscribes else "no_payment_required",
        "permissions": None,
        "phone_number_collection": {"enabled": False},
        "recovered_from": None,
        "saved_payment_method_options": None,
        "setup_intent": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": params["success_url"],
        "tax_id_collection": _tax_ids(params),
        "total_details": None,
        "ui_mode": "hosted_page",
        "url": f"{world.base}/c/pay/{id_}",
        "wallet_options": None,
    }


def _discount(values: dict[str, Any]) -> Object:
    return {"coupon": values.get("coupon"), "promotion_code": values.get("promotion_code")}


def _tax_ids(params: dict[str, Any]) -> Object:
    values = params.get("tax_id_collection") or {}
    return {"enabled": values.get("enabled", False), "required": values.get("required", "never")}


def _set_totals(world: World, session: Object) -> None:
    invoice = checkouts.preview(world, session)
    world.keep(session["id"])["lines"] = [_line(world, line) for line in invoice["lines"]["data"]]
    session["currency"] = invoice["currency"]
    session["amount_subtotal"] = invoice["subtotal"]
    session["amount_total"] = invoice["total"]
    off = sum(part["amount"] for part in invoice["total_discount_amounts"])
    tax = sum(part["amount"] for part in invoice["total_taxes"])
    session["total_details"] = {"amount_discount": off, "amount_shipping": 0, "amount_tax": tax}


def _line(world: World, line: Object) -> Object:
    """As the session's `line_items` show it."""
    details = line["pricing"]["price_details"]
    off = sum(part["amount"] for part in line["discount_amounts"])
    tax = sum(part["amount"] for part in line["taxes"] if part["tax_behavior"] == "exclusive")
    return {
        "id": world.new_id("item"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": off,
        "amount_subtotal": line["amount"],
        "amount_tax": tax,
        "amount_total": line["amount"] - off + tax,
        "currency": line["currency"],
        "description": world.objects[details["product"]]["name"],
        "metadata": {},
        "price": world.render(world.objects[details["price"]]),
        "quantity": line["quantity"],
    }


def expire(call: Call) -> Object:
    session = call.object(KIND)
    if session["status"] != "open":
        message = 'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a '
        raise invalid(f"{message}status of {session['status']}.", "session")
    timeline.expire_session(call.world, session)
    return session


def _lines(world: World, session: Object) -> Object:
    lines = world.keep(session["id"]).get("lines", [])
    return as_list(lines, f"/v1/checkout/sessions/{session['id']}/line_items")


def lines(call: Call) -> Object:
    return _lines(call.world, call.object(KIND))


def index(call: Call) -> Object:
    objects = call.world.all(KIND)
    for name in ("customer", "subscription", "status"):
        if name in call.params:
            objects = [session for session in objects if session[name] == call.params[name]]
    return listing(call, objects)


INCLUDED[KIND, "line_items"] = _lines
LIST_PATH, OBJECT_PATH = "/v1/checkout/sessions", "/v1/checkout/sessions/{id}"
CREATE = (
    "mode customer customer_email customer_update line_items subscription_data discounts allow_promotion_codes "
    "success_url cancel_url client_reference_id metadata expires_at payment_method_types payment_method_collection "
    "billing_address_collection tax_id_collection ui_mode locale currency automatic_tax"
)
IGNORES = "payment_method_options saved_payment_method_options setup_intent_data customer_creation"
ROUTES = [
    Route("POST", LIST_PATH, create, "checkout.SessionCreateParams", CREATE, IGNORES),
    Route("GET", LIST_PATH, index, "checkout.SessionListParams", f"{LIST} customer subscription status"),
    Route("GET", OBJECT_PATH, lambda call: call.object(KIND), "checkout.SessionRetrieveParams"),
    Route("POST", f"{OBJECT_PATH}/expire", expire),
    Route("GET", f"{OBJECT_PATH}/line_items", lines, "checkout.SessionListLineItemsParams", LIST),
]
