"""Test clocks: customers made on one live in its time."""

from fakes.stripe.billing import timeline
from fakes.stripe.common import LIST, deleted, listing
from fakes.stripe.errors import invalid
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import DAY, Object

KIND = "test_helpers.test_clock"


def create(call: Call) -> Object:
    now = call.world.now()
    clock = {
        "id": call.world.new_id(KIND),
        "object": KIND,
        "created": now,
        "deletes_after": now + 30 * DAY,
        "frozen_time": call.params["frozen_time"],
        "livemode": False,
        "name": call.params.get("name"),
        "status": "ready",
        "status_details": {},
    }
    call.world.add(clock)
    call.world.emit("test_helpers.test_clock.created", clock)
    return clock


def advance(call: Call) -> Object:
    """Everything that is due until then happens, in order, before the answer: real Stripe takes a while."""
    clock, until = call.object(KIND), call.params["frozen_time"]
    if until <= clock["frozen_time"]:
        raise invalid("The frozen_time must be after the test clock's current time.", "frozen_time")
    clock |= {"status": "advancing", "status_details": {"advancing": {"target_frozen_time": until}}}
    call.world.emit("test_helpers.test_clock.advancing", clock)
    answer = call.world.render(clock)
    timeline.run_to(call.world, clock["id"], until)
    clock |= {"status": "ready", "status_details": {}}
    call.world.emit("test_helpers.test_clock.ready", clock)
    return answer


def delete(call: Call) -> Object:
    """Its customers go with it."""
    clock, world = call.object(KIND), call.world
    for customer in world.find("customer", test_clock=clock["id"]):
        for subscription in world.find("subscription", customer=customer["id"]):
            world.drop(subscription)
        world.drop(customer)
    world.drop(clock)
    world.emit("test_helpers.test_clock.deleted", clock)
    return deleted(clock)


OBJECT_PATH = "/v1/test_helpers/test_clocks/{id}"
ALL = "/v1/test_helpers/test_clocks"
ROUTES = [
    Route("POST", ALL, create, "test_helpers.TestClockCreateParams", "frozen_time name"),
    Route("GET", ALL, lambda call: listing(call, call.world.all(KIND)), "test_helpers.TestClockListParams", LIST),
    Route("GET", OBJECT_PATH, lambda call: call.object(KIND), "test_helpers.TestClockRetrieveParams"),
    Route("POST", f"{OBJECT_PATH}/advance", advance, "test_helpers.TestClockAdvanceParams", "frozen_time"),
    Route("DELETE", OBJECT_PATH, delete),
]
