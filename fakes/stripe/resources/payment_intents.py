"""Payment intents: those of invoices, and those made by hand."""

from fakes.stripe.billing import payments
from fakes.stripe.common import LIST, listing, metadata, take
from fakes.stripe.errors import invalid
from fakes.stripe.resources import payment_methods
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object

PLAIN = "description receipt_email setup_future_usage"


def create(call: Call) -> Object:
    params, world = call.params, call.world
    customer = params.get("customer")
    if customer:
        world.get("customer", customer, "customer")
    fields = {"metadata": metadata({}, params.get("metadata"))}
    if "payment_method_types" in params:
        fields["payment_method_types"] = params["payment_method_types"]
    intent = payments.intent(world, params["amount"], params["currency"], customer, **fields)
    take(intent, {key: value for key, value in params.items() if key != "metadata"}, PLAIN)
    if method := params.get("payment_method"):
        intent |= {"payment_method": payment_methods.resolve(world, method)["id"], "status": "requires_confirmation"}
    if params.get("confirm"):
        return _confirm(call, intent)
    return intent


def confirm(call: Call) -> Object:
    return _confirm(call, call.object("payment_intent"))


def _confirm(call: Call, paid: Object) -> Object:
    world, params = call.world, call.params
    chosen = params.get("payment_method") or paid["payment_method"]
    if not chosen:
        message = "You cannot confirm this PaymentIntent because it's missing a payment method."
        raise invalid(message, code="payment_intent_unexpected_state")
    method = payment_methods.resolve(world, chosen)
    result = payments.confirm(
        world,
        paid,
        method,
        off_session=bool(params.get("off_session")),
        return_url=params.get("return_url"),
    )
    if result == "authenticate" and params.get("off_session"):
        raise payments.error_of(world, paid, result)
    if result not in ("ok", "authenticate", *payments.PENDING):
        raise payments.error_of(world, paid, result)
    return paid


def cancel(call: Call) -> Object:
    paid = call.object("payment_intent")
    if paid["status"] in ("succeeded", "canceled", "processing"):
        message = f"You cannot cancel this PaymentIntent because it has a status of {paid['status']}."
        raise invalid(message, code="payment_intent_unexpected_state")
    payments.cancel_intent(call.world, paid, call.params.get("cancellation_reason"))
    return paid


def update(call: Call) -> Object:
    paid = call.object("payment_intent")
    take(paid, call.params, PLAIN)
    if method := call.params.get("payment_method"):
        paid |= {
            "payment_method": payment_methods.resolve(call.world, method)["id"],
            "status": "requires_confirmation",
        }
    return paid


def index(call: Call) -> Object:
    wanted = {"customer": call.params["customer"]} if "customer" in call.params else {}
    return listing(call, call.world.find("payment_intent", **wanted))


OBJECT_PATH = "/v1/payment_intents/{id}"
CREATE = f"amount currency customer payment_method payment_method_types confirm off_session return_url metadata {PLAIN}"
CONFIRM = "payment_method off_session return_url"
ROUTES = [
    Route("POST", "/v1/payment_intents", create, "PaymentIntentCreateParams", CREATE, "automatic_payment_methods"),
    Route("GET", "/v1/payment_intents", index, "PaymentIntentListParams", f"{LIST} customer"),
    Route(
        "GET", OBJECT_PATH, lambda call: call.object("payment_intent"), "PaymentIntentRetrieveParams", "client_secret"
    ),
    Route("POST", OBJECT_PATH, update, "PaymentIntentUpdateParams", f"{PLAIN} metadata payment_method"),
    Route("POST", f"{OBJECT_PATH}/confirm", confirm, "PaymentIntentConfirmParams", CONFIRM, "setup_future_usage"),
    Route("POST", f"{OBJECT_PATH}/cancel", cancel, "PaymentIntentCancelParams", "cancellation_reason"),
]
