"""Setup intents: a payment method kept for later, nothing paid."""

from fakes.stripe.common import LIST, listing, metadata
from fakes.stripe.errors import StripeError, invalid
from fakes.stripe.resources import payment_methods
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World, token


def make(world: World, customer: str | None, kinds: list[str] | None = None) -> Object:
    id_ = world.new_id("setup_intent")
    made = {
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
    world.add(made)
    world.emit("setup_intent.created", made)
    return made


def confirm(world: World, made: Object, method: Object, *, authenticated: bool = False, back: str | None = None) -> str:
    """ "ok", "authenticate" or a decline code."""
    attach = payment_methods.means_of(world, method).attach
    made["payment_method"] = method["id"]
    if attach == "authenticate" and not authenticated:
        made["status"] = "requires_action"
        address = {"return_url": back, "url": f"{world.base}/authenticate/{made['id']}"}
        made["next_action"] = {"redirect_to_url": address, "type": "redirect_to_url"}
        world.emit("setup_intent.requires_action", made)
        return "authenticate"
    if attach not in ("ok", "authenticate"):
        return refuse(world, made, attach)
    if made["customer"]:
        payment_methods.attach(world, method, world.objects[made["customer"]], confirmed=True)
    world.keep(method["id"])["set_up"] = True
    made |= {"status": "succeeded", "next_action": None, "last_setup_error": None}
    world.emit("setup_intent.succeeded", made)
    return "ok"


def refuse(world: World, made: Object, decline: str) -> str:
    from fakes.stripe.errors import card_error

    fields = card_error(decline).fields
    if decline == "authentication_failure":
        fields["code"] = "setup_intent_authentication_failure"
    made |= {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    made["last_setup_error"] = fields
    world.emit("setup_intent.setup_failed", made)
    return decline


def create(call: Call) -> Object:
    params, world = call.params, call.world
    if customer := params.get("customer"):
        world.get("customer", customer, "customer")
    made = make(world, params.get("customer"), params.get("payment_method_types"))
    made |= {"metadata": metadata({}, params.get("metadata")), "usage": params.get("usage", "off_session")}
    made["description"] = params.get("description")
    if method := params.get("payment_method"):
        made |= {"payment_method": payment_methods.resolve(world, method)["id"], "status": "requires_confirmation"}
    return _confirm(call, made) if params.get("confirm") else made


def _confirm(call: Call, made: Object) -> Object:
    chosen = call.params.get("payment_method") or made["payment_method"]
    if not chosen:
        message = "You cannot confirm this SetupIntent because it's missing a payment method."
        raise invalid(message, code="setup_intent_unexpected_state")
    method = payment_methods.resolve(call.world, chosen)
    result = confirm(call.world, made, method, back=call.params.get("return_url"))
    if result not in ("ok", "authenticate"):
        fields = {name: value for name, value in made["last_setup_error"].items() if name not in ("type", "message")}
        raise StripeError(402, "card_error", made["last_setup_error"]["message"], **fields)
    return made


def cancel(call: Call) -> Object:
    made = call.object("setup_intent")
    made |= {"status": "canceled", "cancellation_reason": call.params.get("cancellation_reason")}
    call.world.emit("setup_intent.canceled", made)
    return made


def index(call: Call) -> Object:
    wanted = {name: call.params[name] for name in ("customer", "payment_method") if name in call.params}
    return listing(call, call.world.find("setup_intent", **wanted))


ONE = "/v1/setup_intents/{id}"
CREATE = "customer payment_method payment_method_types usage description metadata confirm return_url"
ROUTES = [
    Route("POST", "/v1/setup_intents", create, "SetupIntentCreateParams", CREATE, "automatic_payment_methods"),
    Route("GET", "/v1/setup_intents", index, "SetupIntentListParams", f"{LIST} customer payment_method"),
    Route("GET", ONE, lambda call: call.object("setup_intent"), "SetupIntentRetrieveParams", "client_secret"),
    Route(
        "POST",
        f"{ONE}/confirm",
        lambda call: _confirm(call, call.object("setup_intent")),
        "SetupIntentConfirmParams",
        "payment_method return_url",
    ),
    Route("POST", f"{ONE}/cancel", cancel, "SetupIntentCancelParams", "cancellation_reason"),
]
