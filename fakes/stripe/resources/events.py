"""Events: what happened, as it was then."""

from fnmatch import fnmatchcase

from fakes.stripe.common import LIST, listing
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object


def index(call: Call) -> Object:
    params = call.params
    wanted = params.get("types") or ([params["type"]] if "type" in params else ["*"])
    found = [event for event in call.world.all("event") if any(fnmatchcase(event["type"], one) for one in wanted)]
    if "delivery_success" in params:
        found = [event for event in found if (event["pending_webhooks"] == 0) is params["delivery_success"]]
    return listing(call, found)


ROUTES = [
    Route("GET", "/v1/events", index, "EventListParams", f"{LIST} type types delivery_success"),
    Route("GET", "/v1/events/{id}", lambda call: call.object("event"), "EventRetrieveParams"),
]
