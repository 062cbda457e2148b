"""Tax numbers of customers. `eu_vat` is looked at as VIES would: FR + 11 digits is verified, one with 000 is not."""

import re

from fakes.stripe.common import LIST, deleted, listing
from fakes.stripe.errors import invalid
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World


def make(world: World, customer: Object, kind: str, value: str) -> Object:
    value = value.replace(" ", "").upper() if kind == "eu_vat" else value
    if kind == "eu_vat" and not re.fullmatch(r"[A-Z]{2}[0-9A-Z]{8,12}", value):
        raise invalid(f"Invalid value for eu_vat: {value}.", "value", "tax_id_invalid")
    tax_id = {
        "id": world.new_id("tax_id"),
        "object": "tax_id",
        "country": value[:2] if kind == "eu_vat" else None,
        "created": world.now_for(customer),
        "customer": customer["id"],
        "customer_account": None,
        "livemode": False,
        "owner": {"type": "customer", "customer": customer["id"], "customer_account": None},
        "type": kind,
        "value": value,
        "verification": {
            "status": "unverified" if "000000000" in value else "verified",
            "verified_address": None,
            "verified_name": None,
        },
    }
    world.add(tax_id)
    world.emit("customer.tax_id.created", tax_id)
    return tax_id


def create(call: Call) -> Object:
    return make(call.world, call.object("customer"), call.params["type"], call.params["value"])


def delete(call: Call) -> Object:
    return remove(call.world, call.object("tax_id"))


def remove(world: World, tax_id: Object) -> Object:
    world.drop(tax_id)
    world.emit("customer.tax_id.deleted", tax_id)
    return deleted(tax_id)


def index(call: Call) -> Object:
    return listing(call, call.world.find("tax_id", customer=call.args["customer"]))


HERE = "/v1/customers/{customer}/tax_ids"
ROUTES = [
    Route("POST", "/v1/customers/{id}/tax_ids", create, "CustomerTaxIdCreateParams", "type value"),
    Route("GET", HERE, index, "CustomerTaxIdListParams", LIST),
    Route("GET", f"{HERE}/{{id}}", lambda call: call.object("tax_id"), "CustomerTaxIdRetrieveParams"),
    Route("DELETE", f"{HERE}/{{id}}", delete),
    Route("GET", "/v1/tax_ids/{id}", lambda call: call.object("tax_id"), "TaxIdRetrieveParams"),
]
