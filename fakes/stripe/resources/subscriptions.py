"""Subscriptions."""

from typing import Any

from fakes.stripe.billing import changes, pending, renewals, subscriptions
from fakes.stripe.common import LIST, listing, metadata, only, take
from fakes.stripe.errors import invalid, missing, unsimulated
from fakes.stripe.resources import coupons
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import DAY, Object, World

BEHAVIOURS = ("allow_incomplete", "default_incomplete", "error_if_incomplete", pending.BEHAVIOUR)
# Words for a moment: `cancel_at` becomes that of the items, as they are when it is said.
ENDS = {"min_period_end": min, "max_period_end": max}
ITEM = "id price quantity tax_rates metadata deleted clear_usage"


def create(call: Call) -> Object:
    params, world = call.params, call.world
    customer = world.get("customer", params["customer"], "customer")
    wanted = wanted_of(world, params, world.now_for(customer))
    with world.undone_on_error():
        return subscriptions.start(world, customer, wanted)


def wanted_of(world: World, params: dict[str, Any], now: int) -> subscriptions.Wanted:
    """From the parameters of a creation: of a subscription, a preview, a checkout's `subscription_data`."""
    fields: dict[str, Any] = {"metadata": metadata({}, params.get("metadata"))}
    set_plain(world, fields, params)
    if params.get("payment_behavior") == pending.BEHAVIOUR:
        raise invalid(f"{pending.BEHAVIOUR} can only be used when a subscription is updated.", "payment_behavior")
    if isinstance(params.get("cancel_at"), str) and params["cancel_at"]:
        raise unsimulated(f"cancel_at {params['cancel_at']} from the beginning")
    values = params.get("cancel_at_period_end", False)
    if values:
        fields["cancel_at_period_end"] = True
    return subscriptions.Wanted(
        items=[item_of(item) for item in params.get("items") or []],
        trial_end=_trial_end(world, params, now),
        anchor=_anchor(params, now),
        payment_behavior=_behaviour(params),
        proration_behavior=params.get("proration_behavior", "create_prorations"),
        discounts=list(params.get("discounts") or []),
        fields=fields,
        off_session=params.get("off_session", False),
    )


def item_of(values: dict[str, Any]) -> dict[str, Any]:
    only(values, ITEM, "items[0]")
    if not values.get("price") and not values.get("id"):
        raise invalid("Missing required param: items[0][price].", "items[0][price]", "parameter_missing")
    return dict(values)


def _trial_end(world: World, params: dict[str, Any], now: int) -> int | None:
    if params.get("trial_from_plan"):
        days = [world.get("price", item["price"], "items[0][price]")["recurring"] for item in params.get("items", [])]
        longest = max((recurring["trial_period_days"] or 0 for recurring in days), default=0)
        return now + longest * DAY if longest else None
    return subscriptions.trial_end_of(params, now)


def _anchor(params: dict[str, Any], now: int) -> int | None:
    anchor = params.get("billing_cycle_anchor")
    if isinstance(anchor, int) and anchor <= now:
        raise invalid("billing_cycle_anchor must be in the future.", "billing_cycle_anchor")
    return anchor if isinstance(anchor, int) else None


def _behaviour(params: dict[str, Any]) -> str:
    behaviour = params.get("payment_behavior", "allow_incomplete")
    if behaviour not in BEHAVIOURS:
        raise unsimulated(f"payment_behavior {behaviour}")
    return str(behaviour)


def set_plain(world: World, fields: Object, params: dict[str, Any]) -> None:
    """What only has to be written down, checked where it names another object."""
    take(fields, {key: value for key, value in params.items() if key != "metadata"}, "collection_method description")
    if "days_until_due" in params:
        fields["days_until_due"] = params["days_until_due"] or None
    if "cancel_at" in params and params["cancel_at"] not in ENDS:
        if isinstance(params["cancel_at"], str) and params["cancel_at"]:
            raise unsimulated(f"cancel_at {params['cancel_at']}")
        fields["cancel_at"] = params["cancel_at"] or None
    if fields.get("collection_method") == "send_invoice" and fields.get("days_until_due") is None:
        raise invalid("Missing required param: days_until_due.", "days_until_due", "parameter_missing")
    if "default_payment_method" in params:
        method = params["default_payment_method"] or None
        fields["default_payment_method"] = (
            world.get("payment_method", method, "default_payment_method")["id"] if method else None
        )
    if "default_tax_rates" in params:
        rates = params["default_tax_rates"] or []
        fields["default_tax_rates"] = [world.get("tax_rate", id_, "default_tax_rates")["id"] for id_ in rates]
    if "payment_settings" in params:
        fields["payment_settings"] = _payment_settings(params["payment_settings"])
    if "trial_settings" in params:
        fields["trial_settings"] = {"end_behavior": dict(params["trial_settings"]["end_behavior"])}
    if (params.get("automatic_tax") or {}).get("enabled"):
        raise unsimulated("automatic_tax")


def _payment_settings(values: dict[str, Any]) -> Object:
    only(values, "payment_method_types save_default_payment_method payment_method_options", "payment_settings")
    return {
        "payment_method_options": None,
        "payment_method_types": values.get("payment_method_types") or None,
        "save_default_payment_method": values.get("save_default_payment_method", "off"),
    }


def update(call: Call) -> Object:
    world, params, subscription = call.world, call.params, call.object("subscription")
    if subscription["status"] in subscriptions.OVER:
        raise invalid("A canceled subscription can only update its cancellation_details and metadata.")
    _behaviour(params)
    with world.undone_on_error(), world.changing(subscription, "customer.subscription.updated"):
        if params.get("payment_behavior") == pending.BEHAVIOUR:
            pending.check(world, subscription, params)
            pending.attempt(world, subscription, lambda: _change(world, subscription, params))
        else:
            _change(world, subscription, params)
    return subscription


def _change(world: World, subscription: Object, params: dict[str, Any]) -> Object | None:
    """Everything that is asked for; gives the invoice, where one is made at once."""
    update_plain(world, subscription, params)
    change = change_of(params)
    if _end_trial(world, subscription, params.get("trial_end")):
        # Nothing was paid for the trial: nothing of it is given back.
        change.new_anchor, change.proration = True, "none"
    invoice = changes.apply(world, subscription, change) if change.items or change.new_anchor else None
    set_end(world, subscription, params)
    return invoice


def update_plain(world: World, subscription: Object, params: dict[str, Any]) -> None:
    set_plain(world, subscription, params)
    if "metadata" in params:
        subscription["metadata"] = metadata(subscription["metadata"], params["metadata"])
    if "discounts" in params:
        subscription["discounts"] = coupons.redeem_all(world, subscription, params["discounts"])
    for name, value in (params.get("cancellation_details") or {}).items():
        subscription["cancellation_details"][name] = value or None


def change_of(params: dict[str, Any]) -> changes.Change:
    return changes.Change(
        items=[item_of(item) for item in params.get("items") or []],
        proration=params.get("proration_behavior", "create_prorations"),
        at=params.get("proration_date"),
        new_anchor=params.get("billing_cycle_anchor") == "now",
        payment_behavior=params.get("payment_behavior", "allow_incomplete"),
    )


def _end_trial(world: World, subscription: Object, end: Any) -> bool:
    """True: the trial ends now, and a period begins."""
    if not end:
        return False
    now = world.now_for(subscription)
    if end == "now":
        was = subscription["status"] == "trialing"
        subscription["trial_end"] = now if was else subscription["trial_end"]
        subscription["status"] = "active" if was else subscription["status"]
        return was
    if end <= now:
        raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "trial_end")
    subscription |= {"status": "trialing", "trial_end": end, "trial_start": subscription["trial_start"] or now}
    subscription["billing_cycle_anchor"] = end
    for item in subscriptions.items_of(world, subscription):
        item |= {"current_period_end": end, "billed_until": end}
    return False


def set_end(world: World, subscription: Object, params: dict[str, Any]) -> None:
    """`cancel_at_period_end` and `cancel_at`, on and off again."""
    if choose := ENDS.get(params.get("cancel_at")):
        subscription["cancel_at"] = choose(
            item["current_period_end"] for item in subscriptions.items_of(world, subscription)
        )
    if params.get("cancel_at"):
        subscription["cancel_at_period_end"] = False
    now = world.now_for(subscription)
    if params.get("cancel_at_period_end"):
        end = subscriptions.period_end(world, subscription)
        subscription |= {"cancel_at_period_end": True, "cancel_at": end}
    elif "cancel_at_period_end" in params:
        subscription |= {"cancel_at_period_end": False, "cancel_at": None}
    if "cancel_at_period_end" in params or "cancel_at" in params:
        ends = subscription["cancel_at"] is not None
        subscription["canceled_at"] = now if ends else None
        subscription["cancellation_details"]["reason"] = "cancellation_requested" if ends else None


def delete(call: Call) -> Object:
    subscription, params = call.object("subscription"), call.params
    if subscription["status"] in subscriptions.OVER:
        raise missing("subscription", subscription["id"])
    subscription["cancellation_details"] |= {
        name: value or None for name, value in (params.get("cancellation_details") or {}).items()
    }
    return subscriptions.cancel(
        call.world,
        subscription,
        invoice_now=params.get("invoice_now", False),
        prorate=params.get("prorate", False),
    )


def resume(call: Call) -> Object:
    subscription = call.object("subscription")
    if subscription["status"] != "paused":
        raise invalid("This subscription is not paused, so it cannot be resumed.")
    with call.world.undone_on_error():
        renewals.resume(call.world, subscription, anchor=call.params.get("billing_cycle_anchor", "now"))
    return subscription


def index(call: Call) -> Object:
    params, world = call.params, call.world
    objects = world.all("subscription")
    status = params.get("status")
    if status in (None, ""):
        objects = [entry for entry in objects if entry["status"] != "canceled"]
    elif status == "ended":
        objects = [entry for entry in objects if entry["status"] in subscriptions.OVER]
    elif status != "all":
        objects = [entry for entry in objects if entry["status"] == status]
    if "customer" in params:
        objects = [entry for entry in objects if entry["customer"] == params["customer"]]
    elif "test_clock" not in params:
        objects = [entry for entry in objects if not entry["test_clock"]]
    if "test_clock" in params:
        objects = [entry for entry in objects if entry["test_clock"] == params["test_clock"]]
    if price := params.get("price"):
        objects = [
            entry for entry in objects if price in {item["price"] for item in subscriptions.items_of(world, entry)}
        ]
    return listing(call, objects)


PLAIN = (
    "items metadata description default_payment_method default_tax_rates discounts collection_method days_until_due "
    "payment_behavior payment_settings proration_behavior trial_end trial_settings cancel_at cancel_at_period_end "
    "billing_cycle_anchor off_session trial_from_plan automatic_tax"
)
CREATE = f"{PLAIN} customer trial_period_days"
UPDATE = f"{PLAIN} proration_date cancellation_details"
OBJECT_PATH = "/v1/subscriptions/{id}"
ROUTES = [
    Route("POST", "/v1/subscriptions", create, "SubscriptionCreateParams", CREATE, "billing_mode currency"),
    Route("GET", "/v1/subscriptions", index, "SubscriptionListParams", f"{LIST} customer price status test_clock"),
    Route("GET", OBJECT_PATH, lambda call: call.object("subscription"), "SubscriptionRetrieveParams"),
    Route("POST", OBJECT_PATH, update, "SubscriptionUpdateParams", UPDATE),
    Route("DELETE", OBJECT_PATH, delete, "SubscriptionCancelParams", "invoice_now prorate cancellation_details"),
    Route(
        "POST",
        f"{OBJECT_PATH}/resume",
        resume,
        "SubscriptionResumeParams",
        "billing_cycle_anchor",
        "proration_behavior",
    ),
]
