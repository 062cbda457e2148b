"""Setup intents: a payment method kept for later, nothing paid."""

from fakes.stripe.common import LIST, listing, metadata
from fakes.stripe.errors import StripeError, invalid
from fakes.stripe.resources import payment_methods
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World, token


def make(world: World, customer: str | None, kinds: list[str] | None = None) -> Object:
    id_ = world.new_id("setup_intent")
    setup_intent = {
        "id": id_,
        "object": "setup_intent",
        "application": None,
        "automatic_payment_methods": None,
        "cancellation_reason": None,
        "client_secret": f"{id_}_secret_{token()}",
        "created": world.now_for({"customer": customer}),
        "customer": customer,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": False,
        "mandate": None,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": None,
        "payment_method_types": kinds or ["card"],
        "single_use_mandate": None,
        "status": "requires_payment_method",
        "usage": "off_session",
    }
    world.add(setup_intent)
    world.emit("setup_intent.created", setup_intent)
    return setup_intent


def confirm(
    world: World, setup_intent: Object, method: Object, *, authenticated: bool = False, back: str | None = None
) -> str:
    """ "ok", "authenticate" or a decline code."""
    attach = payment_methods.means_of(world, method).attach
    setup_intent["payment_method"] = method["id"]
    if attach == "authenticate" and not authenticated:
        setup_intent["status"] = "requires_action"
        address = {"return_url": back, "url": f"{world.base}/authenticate/{setup_intent['id']}"}
        setup_intent["next_action"] = {"redirect_to_url": address, "type": "redirect_to_url"}
        world.emit("setup_intent.requires_action", setup_intent)
        return "authenticate"
    if attach not in ("ok", "authenticate"):
        return refuse(world, setup_intent, attach)
    if setup_intent["customer"]:
        payment_methods.attach(world, method, world.objects[setup_intent["customer"]], confirmed=True)
    world.keep(method["id"])["set_up"] = True
    setup_intent |= {"status": "succeeded", "next_action": None, "last_setup_error": None}
    world.emit("setup_intent.succeeded", setup_intent)
    return "ok"


def refuse(world: World, setup_intent: Object, decline: str) -> str:
    from fakes.stripe.errors import card_error

    fields = card_error(decline).fields
    if decline == "authentication_failure":
        fields["code"] = "setup_intent_authentication_failure"
    setup_intent |= {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    setup_intent["last_setup_error"] = fields
    world.emit("setup_intent.setup_failed", setup_intent)
    return decline


def create(call: Call) -> Object:
    params, world = call.params, call.world
    if customer := params.get("customer"):
        world.get("customer", customer, "customer")
    setup_intent = make(world, params.get("customer"), params.get("payment_method_types"))
    setup_intent |= {"metadata": metadata({}, params.get("metadata")), "usage": params.get("usage", "off_session")}
    setup_intent["description"] = params.get("description")
    if method := params.get("payment_method"):
        setup_intent |= {
            "payment_method": payment_methods.resolve(world, method)["id"],
            "status": "requires_confirmation",
        }
    return _confirm(call, setup_intent) if params.get("confirm") else setup_intent


def _confirm(call: Call, setup_intent: Object) -> Object:
    chosen = call.params.get("payment_method") or setup_intent["payment_method"]
    if not chosen:
        message = "You cannot confirm this SetupIntent because it's missing a payment method."
        raise invalid(message, code="setup_intent_unexpected_state")
    method = payment_methods.resolve(call.world, chosen)
    result = confirm(call.world, setup_intent, method, back=call.params.get("return_url"))
    if result not in ("ok", "authenticate"):
        fields = {
            name: value for name, value in setup_intent["last_setup_error"].items() if name not in ("type", "message")
        }
        raise StripeError(402, "card_error", setup_intent["last_setup_error"]["message"], **fields)
    return setup_intent


def cancel(call: Call) -> Object:
    setup_intent = call.object("setup_intent")
    setup_intent |= {"status": "canceled", "cancellation_reason": call.params.get("cancellation_reason")}
    call.world.emit("setup_intent.canceled", setup_intent)
    return setup_intent


def index(call: Call) -> Object:
    wanted = {name: call.params[name] for name in ("customer", "payment_method") if name in call.params}
    return listing(call, call.world.find("setup_intent", **wanted))


OBJECT_PATH = "/v1/setup_intents/{id}"
CREATE = "customer payment_method payment_method_types usage description metadata confirm return_url"
ROUTES = [
    Route("POST", "/v1/setup_intents", create, "SetupIntentCreateParams", CREATE, "automatic_payment_methods"),
    Route("GET", "/v1/setup_intents", index, "SetupIntentListParams", f"{LIST} customer payment_method"),
    Route("GET", OBJECT_PATH, lambda call: call.object("setup_intent"), "SetupIntentRetrieveParams", "client_secret"),
    Route(
        "POST",
        f"{OBJECT_PATH}/confirm",
        lambda call: _confirm(call, call.object("setup_intent")),
        "SetupIntentConfirmParams",
        "payment_method return_url",
    ),
    Route("POST", f"{OBJECT_PATH}/cancel", cancel, "SetupIntentCancelParams", "cancellation_reason"),
]
