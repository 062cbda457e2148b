"""Charges, what they moved on the account's balance, and refunds."""

from typing import Any

from fakes.stripe.billing import charges
from fakes.stripe.common import LIST, as_list, listing, metadata, take
from fakes.stripe.errors import invalid
from fakes.stripe.expanding import INCLUDED
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World


def index(call: Call) -> Object:
    objects = call.world.all("charge")
    for name in ("customer", "payment_intent"):
        if name in call.params:
            objects = [charge for charge in objects if charge[name] == call.params[name]]
    return listing(call, objects)


def refund_create(call: Call) -> Object:
    params, world = call.params, call.world
    id_ = params.get("charge")
    if wanted := params.get("payment_intent"):
        id_ = world.get("payment_intent", wanted, "payment_intent")["latest_charge"]
    charge = world.get("charge", id_ or "", "charge")
    refunded = refund(world, charge, params.get("amount"), params.get("reason"))
    refunded["metadata"] = metadata({}, params.get("metadata"))
    return refunded


def refund(world: World, charge: Object, amount: int | None, reason: str | None = None) -> Object:
    left = charge["amount_captured"] - charge["amount_refunded"]
    amount = left if amount is None else amount
    if not left:
        raise invalid(f"Charge {charge['id']} has already been refunded.", "charge", "charge_already_refunded")
    if amount > left or amount <= 0:
        raise invalid(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", "amount")
    refunded: dict[str, Any] = {
        "id": world.new_id("refund"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": charges.book(world, charge, -1, "refund", amount)["id"],
        "charge": charge["id"],
        "created": world.now_for(charge),
        "currency": charge["currency"],
        "destination_details": {"type": charge["payment_method_details"]["type"]},
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    world.add(refunded)
    before = world.render(charge)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    previous = {name: before[name] for name in ("amount_refunded", "refunded") if before[name] != charge[name]}
    world.emit("charge.refunded", charge, previous)
    world.emit("refund.created", refunded)
    return refunded


def refund_update(call: Call) -> Object:
    refunded = call.object("refund")
    take(refunded, call.params, "")
    return refunded


def refund_index(call: Call) -> Object:
    objects = call.world.all("refund")
    for name in ("charge", "payment_intent"):
        if name in call.params:
            objects = [refunded for refunded in objects if refunded[name] == call.params[name]]
    return listing(call, objects)


def _refunds(world: World, charge: Object) -> Object:
    objects = world.find("refund", charge=charge["id"])
    return as_list([world.render(refunded) for refunded in objects], f"/v1/charges/{charge['id']}/refunds")


def booked(call: Call) -> Object:
    objects = call.world.all("balance_transaction")
    for name in ("source", "type"):
        if name in call.params:
            objects = [transaction for transaction in objects if transaction[name] == call.params[name]]
    return listing(call, objects)


INCLUDED["charge", "refunds"] = _refunds
ROUTES = [
    Route("GET", "/v1/charges", index, "ChargeListParams", f"{LIST} customer payment_intent"),
    Route("GET", "/v1/charges/{id}", lambda call: call.object("charge"), "ChargeRetrieveParams"),
    Route(
        "POST",
        "/v1/refunds",
        refund_create,
        "RefundCreateParams",
        "charge payment_intent amount reason metadata",
    ),
    Route("GET", "/v1/refunds", refund_index, "RefundListParams", f"{LIST} charge payment_intent"),
    Route("GET", "/v1/refunds/{id}", lambda call: call.object("refund"), "RefundRetrieveParams"),
    Route("POST", "/v1/refunds/{id}", refund_update, "RefundUpdateParams", "metadata"),
    Route("GET", "/v1/balance_transactions", booked, "BalanceTransactionListParams", f"{LIST} source type"),
    Route(
        "GET",
        "/v1/balance_transactions/{id}",
        lambda call: call.object("balance_transaction"),
        "BalanceTransactionRetrieveParams",
    ),
]
