"""Tax rates."""

from fakes.stripe.common import LIST, listing, metadata, take
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World

FIELDS = "active country description display_name jurisdiction state tax_type"


def create(call: Call) -> Object:
    params = call.params
    rate = {
        "id": call.world.new_id("tax_rate"),
        "object": "tax_rate",
        "active": True,
        "country": None,
        "created": call.world.now(),
        "description": None,
        "effective_percentage": None,
        "flat_amount": None,
        "inclusive": params["inclusive"],
        "jurisdiction": None,
        "jurisdiction_level": None,
        "livemode": False,
        "metadata": metadata({}, params.get("metadata")),
        "percentage": params["percentage"],
        "rate_type": "percentage",
        "state": None,
        "tax_type": None,
    }
    take(rate, {key: value for key, value in params.items() if key != "metadata"}, FIELDS)
    call.world.add(rate)
    call.world.emit("tax_rate.created", rate)
    return rate


def update(call: Call) -> Object:
    rate = call.object("tax_rate")
    with call.world.changing(rate, "tax_rate.updated"):
        take(rate, call.params, FIELDS)
    return rate


def index(call: Call) -> Object:
    wanted = {name: call.params[name] for name in ("active", "inclusive") if name in call.params}
    return listing(call, call.world.find("tax_rate", **wanted))


def shown(world: World, ids: list[str] | None) -> list[Object]:
    return [world.render(world.get("tax_rate", id_, "tax_rates")) for id_ in ids or []]


ROUTES = [
    Route("POST", "/v1/tax_rates", create, "TaxRateCreateParams", f"{FIELDS} inclusive percentage metadata"),
    Route("GET", "/v1/tax_rates", index, "TaxRateListParams", f"{LIST} active inclusive"),
    Route("GET", "/v1/tax_rates/{id}", lambda call: call.object("tax_rate"), "TaxRateRetrieveParams"),
    Route("POST", "/v1/tax_rates/{id}", update, "TaxRateUpdateParams", f"{FIELDS} metadata"),
]
