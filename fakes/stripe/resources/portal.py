"""The billing portal's sessions and configurations. The pages are in `pages/portal.py`."""

from typing import Any

from fakes.stripe.common import LIST, listing, metadata, only, take
from fakes.stripe.errors import invalid
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World, token

SESSION, CONFIGURATION = "billing_portal.session", "billing_portal.configuration"
REASONS = "too_expensive missing_features switched_service unused customer_service too_complex low_quality other"


def create(call: Call) -> Object:
    params, world = call.params, call.world
    customer = world.get("customer", params.get("customer", ""), "customer")
    chosen = params.get("configuration")
    configuration = world.get(CONFIGURATION, chosen, "configuration") if chosen else default(world)
    back = params.get("return_url") or configuration["default_return_url"]
    session = {
        "id": world.new_id(SESSION),
        "object": SESSION,
        "configuration": configuration["id"],
        "created": world.now_for(customer),
        "customer": customer["id"],
        "customer_account": None,
        "flow": _flow(world, params.get("flow_data"), customer),
        "livemode": False,
        "locale": params.get("locale"),
        "on_behalf_of": None,
        "return_url": back,
        "url": f"{world.base}/p/session/test_{token(40)}",
    }
    world.keep(session["url"].rpartition("/")[2])["session"] = session["id"]
    world.add(session)
    world.emit("billing_portal.session.created", session)
    return session


def _flow(world: World, values: dict[str, Any] | None, customer: Object) -> Object | None:
    if not values:
        return None
    kind = values["type"]
    flow: dict[str, Any] = {
        "after_completion": _after(values.get("after_completion")),
        "customer_update": None,
        "subscription_cancel": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": kind,
    }
    if kind.startswith("subscription"):
        details = values.get(kind) or {}
        named = world.get("subscription", details.get("subscription", ""), f"flow_data[{kind}][subscription]")
        if named["customer"] != customer["id"]:
            raise invalid("The subscription does not belong to the customer.", f"flow_data[{kind}][subscription]")
        flow[kind] = _detail(kind, details)
    return flow


def _detail(kind: str, values: dict[str, Any]) -> Object:
    if kind == "subscription_cancel":
        return {"retention": None, "subscription": values["subscription"]}
    if kind == "subscription_update":
        return {"subscription": values["subscription"]}
    only(values, "subscription items discounts", "flow_data[subscription_update_confirm]")
    items = [
        {"id": entry["id"], "price": entry.get("price"), "quantity": entry.get("quantity")} for entry in values["items"]
    ]
    return {"discounts": None, "items": items, "subscription": values["subscription"]}


def _after(values: dict[str, Any] | None) -> Object:
    values = values or {"type": "portal_homepage"}
    return {
        "hosted_confirmation": values.get("hosted_confirmation"),
        "redirect": values.get("redirect"),
        "type": values["type"],
    }


def default(world: World) -> Object:
    """The one that real Stripe has one save in the dashboard first."""
    objects = world.find(CONFIGURATION, is_default=True)
    if objects:
        return objects[0]
    features = {
        "customer_update": {"enabled": True, "allowed_updates": ["email", "name", "address", "phone", "tax_id"]},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "subscription_cancel": {"enabled": True},
    }
    return _make(world, {"features": features}, is_default=True)


def _make(world: World, params: dict[str, Any], *, is_default: bool = False) -> Object:
    now = world.now()
    business = params.get("business_profile") or {}
    return world.add(
        {
            "id": world.new_id(CONFIGURATION),
            "object": CONFIGURATION,
            "active": True,
            "application": None,
            "business_profile": {
                "headline": business.get("headline"),
                "privacy_policy_url": business.get("privacy_policy_url"),
                "terms_of_service_url": business.get("terms_of_service_url"),
            },
            "created": now,
            "default_return_url": params.get("default_return_url") or None,
            "features": features(params.get("features") or {}),
            "is_default": is_default,
            "livemode": False,
            "login_page": {"enabled": False, "url": None},
            "metadata": metadata({}, params.get("metadata")),
            "name": params.get("name"),
            "updated": now,
        }
    )


def features(values: dict[str, Any]) -> Object:
    update, cancel = values.get("customer_update") or {}, values.get("subscription_cancel") or {}
    switch = values.get("subscription_update") or {}
    requested = cancel.get("cancellation_reason") or {}
    return {
        "customer_update": {
            "allowed_updates": update.get("allowed_updates") or [],
            "enabled": update.get("enabled", False),
        },
        "invoice_history": {"enabled": (values.get("invoice_history") or {}).get("enabled", False)},
        "payment_method_update": {
            "enabled": (values.get("payment_method_update") or {}).get("enabled", False),
            "payment_method_configuration": None,
        },
        "subscription_cancel": {
            "cancellation_reason": {
                "enabled": requested.get("enabled", False),
                "options": requested.get("options") or REASONS.split(),
            },
            "enabled": cancel.get("enabled", False),
            "mode": cancel.get("mode", "at_period_end"),
            "proration_behavior": cancel.get("proration_behavior", "none"),
        },
        "subscription_update": {
            "billing_cycle_anchor": None,
            "default_allowed_updates": switch.get("default_allowed_updates") or [],
            "enabled": switch.get("enabled", False),
            "products": [_product(entry) for entry in switch.get("products") or []],
            "proration_behavior": switch.get("proration_behavior", "none"),
            "schedule_at_period_end": {"conditions": []},
            "trial_update_behavior": switch.get("trial_update_behavior", "end_trial"),
        },
    }


def _product(values: dict[str, Any]) -> Object:
    quantity = {"enabled": False, "maximum": None, "minimum": 1}
    return {"adjustable_quantity": quantity, "prices": list(values["prices"]), "product": values["product"]}


def configuration_create(call: Call) -> Object:
    portal_configuration = _make(call.world, call.params)
    call.world.emit("billing_portal.configuration.created", portal_configuration)
    return portal_configuration


def configuration_update(call: Call) -> Object:
    portal_configuration = call.object(CONFIGURATION)
    with call.world.changing(portal_configuration, "billing_portal.configuration.updated"):
        take(portal_configuration, call.params, "active default_return_url name")
        if "features" in call.params:
            portal_configuration["features"] |= {
                name: features(call.params["features"])[name] for name in call.params["features"]
            }
        for name, value in (call.params.get("business_profile") or {}).items():
            portal_configuration["business_profile"][name] = value or None
    return portal_configuration


def configuration_index(call: Call) -> Object:
    wanted = {name: call.params[name] for name in ("active", "is_default") if name in call.params}
    return listing(call, call.world.find(CONFIGURATION, **wanted))


ALL = "/v1/billing_portal/configurations"
TAKES = "features business_profile default_return_url metadata name"
FLOW = "customer configuration return_url flow_data locale"
ROUTES = [
    Route("POST", "/v1/billing_portal/sessions", create, "billing_portal.SessionCreateParams", FLOW),
    Route("POST", ALL, configuration_create, "billing_portal.ConfigurationCreateParams", TAKES, "login_page"),
    Route("GET", ALL, configuration_index, "billing_portal.ConfigurationListParams", f"{LIST} active is_default"),
    Route(
        "GET",
        f"{ALL}/{{id}}",
        lambda call: call.object(CONFIGURATION),
        "billing_portal.ConfigurationRetrieveParams",
    ),
    Route(
        "POST",
        f"{ALL}/{{id}}",
        configuration_update,
        "billing_portal.ConfigurationUpdateParams",
        f"{TAKES} active",
        "login_page",
    ),
]
