"""Customers, their tax numbers and their balance."""

from typing import Any

from fakes.stripe.common import LIST, address, as_list, deleted, listing, metadata, only, take
from fakes.stripe.errors import invalid, missing
from fakes.stripe.expanding import INCLUDED
from fakes.stripe.resources import balance_transactions, tax_ids
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World, token

PLAIN = "description email name phone tax_exempt preferred_locales business_name individual_name"


def create(call: Call) -> Object:
    params = call.params
    clock = params.get("test_clock") or None
    if clock:
        call.world.get("test_helpers.test_clock", clock, "test_clock")
    return make(call.world, params, clock=clock)


def make(world: World, params: dict[str, Any], clock: str | None = None) -> Object:
    """A customer of these fields, and the event that says so."""
    customer = {
        "id": world.new_id("customer"),
        "object": "customer",
        "address": address(params.get("address")),
        "balance": params.get("balance", 0),
        "created": world.now(clock),
        "currency": None,
        "customer_account": None,
        "default_source": None,
        "delinquent": False,
        "description": None,
        "discount": None,
        "email": None,
        "invoice_prefix": params.get("invoice_prefix") or token(8).upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": metadata({}, params.get("metadata")),
        "name": None,
        "next_invoice_sequence": params.get("next_invoice_sequence", 1),
        "phone": None,
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": clock,
    }
    world.add(customer)
    _set(world, customer, {key: value for key, value in params.items() if key not in ("metadata", "balance")})
    world.emit("customer.created", customer)
    for values in params.get("tax_id_data", []):
        tax_ids.make(world, customer, values["type"], values["value"])
    return customer


def _set(world: World, customer: Object, params: dict[str, Any]) -> None:
    take(customer, params, PLAIN)
    for name in ("email", "name", "phone", "description"):
        customer[name] = customer[name] or None
    customer["tax_exempt"] = customer["tax_exempt"] or "none"
    if "address" in params:
        customer["address"] = address(params["address"])
    if "shipping" in params:
        customer["shipping"] = _shipping(params["shipping"])
    if "balance" in params:
        balance_transactions.make(world, customer, params["balance"] - customer["balance"], "adjustment")
    if "invoice_settings" in params:
        _set_invoices(world, customer, params["invoice_settings"])


def _shipping(values: Any) -> Object | None:
    if not values:
        return None
    return {
        "address": address(values.get("address")),
        "carrier": None,
        "name": values.get("name"),
        "phone": values.get("phone"),
        "tracking_number": None,
    }


def _set_invoices(world: World, customer: Object, values: dict[str, Any]) -> None:
    only(values, "default_payment_method footer custom_fields", "invoice_settings")
    settings = customer["invoice_settings"]
    if "default_payment_method" in values:
        set_default_method(world, customer, values["default_payment_method"] or None)
    for name in ("footer", "custom_fields"):
        if name in values:
            settings[name] = values[name] or None


def set_default_method(world: World, customer: Object, method: str | None) -> None:
    if method:
        where = "invoice_settings[default_payment_method]"
        if world.get("payment_method", method, where)["customer"] != customer["id"]:
            message = f"The customer does not have a payment method with the ID {method}. The payment method must be "
            raise invalid(f"{message}attached to the customer.", where, "resource_missing")
    customer["invoice_settings"]["default_payment_method"] = method


def update(call: Call) -> Object:
    customer = call.object("customer")
    with call.world.changing(customer, "customer.updated"):
        _set(call.world, customer, call.params)
    return customer


def retrieve(call: Call) -> Object:
    gone = call.world.hidden.get(call.args["id"], {}).get("deleted_customer")
    return gone or call.object("customer")


def delete(call: Call) -> Object:
    from fakes.stripe.billing import subscriptions

    world, customer = call.world, call.object("customer")
    for subscription in world.find("subscription", customer=customer["id"]):
        if subscription["status"] not in subscriptions.OVER:
            subscriptions.cancel(world, subscription)
    world.drop(customer)
    world.emit("customer.deleted", customer)
    world.keep(customer["id"])["deleted_customer"] = deleted(customer)
    return deleted(customer)


def index(call: Call) -> Object:
    wanted = {name: call.params[name] for name in ("email", "test_clock") if name in call.params}
    objects = call.world.find("customer", **wanted)
    if "test_clock" not in wanted:
        # Stripe hides them from a plain list as well.
        objects = [customer for customer in objects if not customer["test_clock"]]
    return listing(call, objects)


def search(call: Call) -> Object:
    """Only what is asked for in practice: `email:'…'`, `name:'…'` or `metadata['key']:'value'`, joined by AND."""
    objects = call.world.all("customer")
    for part in call.params["query"].split(" AND "):
        name, _colon, value = part.strip().partition(":")
        if not value.startswith(("'", '"')):
            raise invalid(f"We were unable to parse your search query: {part}", "query")
        objects = [customer for customer in objects if _field(customer, name) == value.strip("'\"")]
    rendered = [call.world.render(customer) for customer in objects]
    page = {"object": "search_result", "data": rendered, "has_more": False, "next_page": None, "url": call.path}
    return {**page, "total_count": len(objects)}


def _field(customer: Object, name: str) -> Any:
    if name.startswith("metadata["):
        return customer["metadata"].get(name[len("metadata[") : -1].strip("'\""))
    return customer.get(name)


def _included(kind: str) -> Any:
    def include(world: World, customer: Object) -> Object:
        things = [thing for thing in world.find(kind, customer=customer["id"]) if thing.get("status") != "canceled"]
        plural = {"subscription": "subscriptions", "tax_id": "tax_ids"}[kind]
        return as_list([world.render(thing) for thing in things], f"/v1/customers/{customer['id']}/{plural}")

    return include


def _no_sources(_world: World, customer: Object) -> Object:
    return as_list([], f"/v1/customers/{customer['id']}/sources")


def sources(call: Call) -> Object:
    return listing(call, [])


def discount_delete(call: Call) -> Object:
    customer = call.object("customer")
    discount = customer["discount"]
    if discount is None:
        raise missing("discount", customer["id"])
    with call.world.changing(customer, "customer.updated"):
        customer["discount"] = None
    return {**discount, "deleted": True}


INCLUDED["customer", "subscriptions"] = _included("subscription")
INCLUDED["customer", "tax_ids"] = _included("tax_id")
INCLUDED["customer", "sources"] = _no_sources
TAKES = f"{PLAIN} address shipping balance invoice_settings metadata"
CREATE = f"{TAKES} tax_id_data test_clock invoice_prefix next_invoice_sequence"
ROUTES = [
    Route("POST", "/v1/customers", create, "CustomerCreateParams", CREATE, "tax"),
    Route("GET", "/v1/customers", index, "CustomerListParams", f"{LIST} email test_clock"),
    Route("GET", "/v1/customers/search", search, "CustomerSearchParams", "query limit page"),
    Route("GET", "/v1/customers/{id}", retrieve, "CustomerRetrieveParams"),
    Route("POST", "/v1/customers/{id}", update, "CustomerUpdateParams", TAKES, "tax"),
    Route("DELETE", "/v1/customers/{id}", delete),
    Route("GET", "/v1/customers/{id}/sources", sources, "CustomerPaymentSourceListParams", f"{LIST} object"),
    Route("DELETE", "/v1/customers/{id}/discount", discount_delete),
]
