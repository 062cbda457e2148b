"""Events: what happened, as it was then."""

from fnmatch import fnmatchcase

from fakes.stripe.common import LIST, listing
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object


def index(call: Call) -> Object:
    params = call.params
    wanted = params.get("types") or ([params["type"]] if "type" in params else ["*"])
    objects = [event for event in call.world.all("event") if any(fnmatchcase(event["type"], entry) for entry in wanted)]
    if "delivery_success" in params:
        objects = [event for event in objects if (event["pending_webhooks"] == 0) is params["delivery_success"]]
    return listing(call, objects)


ROUTES = [
    Route("GET", "/v1/events", index, "EventListParams", f"{LIST} type types delivery_success"),
    Route("GET", "/v1/events/{id}", lambda call: call.object("event"), "EventRetrieveParams"),
]
