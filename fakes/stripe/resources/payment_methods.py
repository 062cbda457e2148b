"""Payment methods: cards and SEPA direct debit."""

from typing import Any

from fakes.stripe import cards
from fakes.stripe.common import LIST, address, listing, metadata, only, take
from fakes.stripe.errors import card_error, invalid, missing, unsimulated
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World


def make(world: World, params: dict[str, Any]) -> Object:
    """A method that nobody owns yet, from `{type, card: {number, …} | {token}}` or `{type, sepa_debit: {iban}}`."""
    details = params.get("billing_details") or {}
    method = {
        "id": world.new_id("payment_method"),
        "object": "payment_method",
        "allow_redisplay": params.get("allow_redisplay", "unspecified"),
        "billing_details": {
            "address": address(details.get("address")) or address({"city": None}),
            "email": details.get("email"),
            "name": details.get("name"),
            "phone": details.get("phone"),
            "tax_id": None,
        },
        "created": world.now(),
        "customer": None,
        "customer_account": None,
        "livemode": False,
        "metadata": metadata({}, params.get("metadata")),
        "radar_options": {},
        "type": params.get("type"),
    }
    if method["type"] == "card":
        number, method["card"] = _card(params.get("card") or {})
    elif method["type"] == "sepa_debit":
        number, method["sepa_debit"] = _debit(params.get("sepa_debit") or {})
    else:
        raise unsimulated(f"payment methods of type {method['type']}")
    world.keep(method["id"])["number"] = number
    return world.add(method)


def _card(values: dict[str, Any]) -> tuple[str, Object]:
    if token := values.get("token"):
        if token not in cards.ALIASES:
            raise missing("token", token, "card[token]", 400)
        values = {"number": cards.ALIASES[token]}
    only(values, "number exp_month exp_year cvc token networks", "card")
    number = str(values.get("number", "")).replace(" ", "")
    means = cards.card(number)
    return number, {
        "brand": "visa" if means.brand == "cartes_bancaires" else means.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "FR",
        "display_brand": means.brand,
        "exp_month": int(values.get("exp_month", 12)),
        "exp_year": int(values.get("exp_year", 2034)),
        "fingerprint": cards.fingerprint(number),
        "funding": "credit",
        "generated_from": None,
        "last4": number[-4:],
        "networks": {"available": [means.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _debit(values: dict[str, Any]) -> tuple[str, Object]:
    number = str(values.get("iban", "")).replace(" ", "").upper()
    cards.iban(number)
    return number, {
        "bank_code": number[4:9],
        "branch_code": "",
        "country": number[:2],
        "fingerprint": cards.fingerprint(number),
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": number[-4:],
    }


def means_of(world: World, method: Object) -> cards.Means:
    number = world.keep(method["id"])["number"]
    return cards.iban(number) if method["type"] == "sepa_debit" else cards.card(number)


def resolve(world: World, id_: str, param: str = "payment_method") -> Object:
    """A method by its id, or a new one for Stripe's own test ids (`pm_card_visa` and the like)."""
    if id_ not in cards.ALIASES:
        return world.get("payment_method", id_, param)
    number = cards.ALIASES[id_]
    kind = "sepa_debit" if number[:2].isalpha() else "card"
    return make(world, {"type": kind, kind: {"iban" if kind == "sepa_debit" else "number": number}})


def attach(world: World, method: Object, customer: Object, *, confirmed: bool = False) -> Object:
    """`confirmed`: through a checkout or a setup, where what must be authenticated was."""
    outcome = means_of(world, method).attach
    if outcome not in ("ok", "authenticate"):
        raise card_error(outcome)
    if method["customer"] == customer["id"]:
        return method
    if confirmed:
        world.keep(method["id"])["set_up"] = True
    with_customer = {**method, "customer": customer["id"]}
    method.update(with_customer)
    world.emit("payment_method.attached", method)
    return method


def detach(world: World, method: Object) -> Object:
    owner = world.objects.get(method["customer"] or "")
    if owner is None:
        raise invalid("The payment method you provided is not attached to a customer so detachment is impossible.")
    if owner["object"] == "customer" and owner["invoice_settings"]["default_payment_method"] == method["id"]:
        with world.changing(owner, "customer.updated"):
            owner["invoice_settings"]["default_payment_method"] = None
    for subscription in world.find("subscription", default_payment_method=method["id"]):
        with world.changing(subscription, "customer.subscription.updated"):
            subscription["default_payment_method"] = None
    with world.changing(method, "payment_method.detached"):
        method["customer"] = None
    return method


def create(call: Call) -> Object:
    return make(call.world, call.params)


def attach_to(call: Call) -> Object:
    customer = call.world.get("customer", call.params["customer"], "customer")
    return attach(call.world, resolve(call.world, call.args["id"], "id"), customer)


def update(call: Call) -> Object:
    method = call.object("payment_method")
    with call.world.changing(method, "payment_method.updated"):
        take(method, call.params, "allow_redisplay")
        for name, value in call.params.get("billing_details", {}).items():
            method["billing_details"][name] = address(value) if name == "address" else value or None
        for name, value in call.params.get("card", {}).items():
            method["card"][name] = value
    return method


def index(call: Call) -> Object:
    customer = call.args.get("customer") or call.params.get("customer")
    objects = [method for method in call.world.all("payment_method") if customer and method["customer"] == customer]
    if kind := call.params.get("type"):
        objects = [method for method in objects if method["type"] == kind]
    return listing(call, objects)


OBJECT_PATH = "/v1/payment_methods/{id}"
OWNED = "/v1/customers/{customer}/payment_methods"
TAKES = "type card sepa_debit billing_details metadata allow_redisplay"
ROUTES = [
    Route("POST", "/v1/payment_methods", create, "PaymentMethodCreateParams", TAKES),
    Route("GET", "/v1/payment_methods", index, "PaymentMethodListParams", f"{LIST} customer type"),
    Route("GET", OBJECT_PATH, lambda call: call.object("payment_method"), "PaymentMethodRetrieveParams"),
    Route("POST", OBJECT_PATH, update, "PaymentMethodUpdateParams", "billing_details card metadata allow_redisplay"),
    Route("POST", f"{OBJECT_PATH}/attach", attach_to, "PaymentMethodAttachParams", "customer"),
    Route("POST", f"{OBJECT_PATH}/detach", lambda call: detach(call.world, call.object("payment_method"))),
    Route("GET", OWNED, index, "CustomerPaymentMethodListParams", f"{LIST} type"),
    Route("GET", f"{OWNED}/{{id}}", lambda call: call.object("payment_method"), "CustomerPaymentMethodRetrieveParams"),
]
