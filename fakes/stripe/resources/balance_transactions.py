"""What moves a customer's balance. Negative is a credit to the customer."""

from typing import Any

from fakes.stripe.common import LIST, listing, metadata
from fakes.stripe.errors import invalid
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World


def make(world: World, customer: Object, amount: int, kind: str, **fields: Any) -> Object | None:
    if not amount:
        return None
    customer["balance"] += amount
    transaction = {
        "id": world.new_id("customer_balance_transaction"),
        "object": "customer_balance_transaction",
        "amount": amount,
        "checkout_session": None,
        "created": world.now_for(customer),
        "credit_note": None,
        "currency": customer["currency"] or world.settings["currency"],
        "customer": customer["id"],
        "customer_account": None,
        "description": None,
        "ending_balance": customer["balance"],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "type": kind,
        **fields,
    }
    return world.add(transaction)


def create(call: Call) -> Object:
    customer, params = call.object("customer"), call.params
    with call.world.changing(customer, "customer.updated"):
        hidden = {"description": params.get("description"), "metadata": metadata({}, params.get("metadata"))}
        created = make(call.world, customer, params["amount"], "adjustment", currency=params["currency"], **hidden)
    if created is None:
        raise invalid("Invalid integer: amount must not be 0", "amount")
    return created


def index(call: Call) -> Object:
    return listing(call, call.world.find("customer_balance_transaction", customer=call.args["id"]))


HERE = "/v1/customers/{id}/balance_transactions"
TAKES = "amount currency description metadata"
ROUTES = [
    Route("POST", HERE, create, "CustomerBalanceTransactionCreateParams", TAKES),
    Route("GET", HERE, index, "CustomerBalanceTransactionListParams", LIST),
    Route(
        "GET",
        "/v1/customers/{customer}/balance_transactions/{id}",
        lambda call: call.object("customer_balance_transaction"),
        "CustomerBalanceTransactionRetrieveParams",
    ),
]
