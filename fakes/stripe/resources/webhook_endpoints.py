"""Where events are delivered. The secret is shown once, when an endpoint is made."""

from urllib.parse import urlsplit

from fakes.stripe.common import LIST, deleted, listing, metadata, take
from fakes.stripe.errors import invalid
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import RENDER, Object, World, token


def create(call: Call) -> Object:
    params = call.params
    if urlsplit(params["url"]).scheme not in ("http", "https"):
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")
    endpoint = make(call.world, params["url"], params["enabled_events"], f"whsec_{token(32)}")
    take(endpoint, params, "description")
    endpoint["metadata"] = metadata({}, params.get("metadata"))
    if params.get("api_version"):
        endpoint["api_version"] = params["api_version"]
    return {**call.world.render(endpoint), "secret": call.world.keep(endpoint["id"])["secret"]}


def make(world: World, url: str, events: list[str], secret: str) -> Object:
    endpoint = {
        "id": world.new_id("webhook_endpoint"),
        "object": "webhook_endpoint",
        "api_version": None,
        "application": None,
        "created": world.now(),
        "description": None,
        "enabled_events": events,
        "livemode": False,
        "metadata": {},
        "status": "enabled",
        "url": url,
    }
    world.keep(endpoint["id"])["secret"] = secret
    return world.add(endpoint)


def update(call: Call) -> Object:
    endpoint = call.object("webhook_endpoint")
    take(endpoint, call.params, "description enabled_events url")
    if "disabled" in call.params:
        endpoint["status"] = "disabled" if call.params["disabled"] else "enabled"
    return endpoint


def delete(call: Call) -> Object:
    endpoint = call.object("webhook_endpoint")
    call.world.drop(endpoint)
    return deleted(endpoint)


def _render(_world: World, endpoint: Object) -> Object:
    return {**endpoint, "metadata": dict(endpoint["metadata"])}


RENDER["webhook_endpoint"] = _render
OBJECT_PATH = "/v1/webhook_endpoints/{id}"
TAKES = "url enabled_events description metadata"
ROUTES = [
    Route("POST", "/v1/webhook_endpoints", create, "WebhookEndpointCreateParams", f"{TAKES} api_version", "connect"),
    Route(
        "GET",
        "/v1/webhook_endpoints",
        lambda call: listing(call, call.world.all("webhook_endpoint")),
        "WebhookEndpointListParams",
        LIST,
    ),
    Route("GET", OBJECT_PATH, lambda call: call.object("webhook_endpoint"), "WebhookEndpointRetrieveParams"),
    Route("POST", OBJECT_PATH, update, "WebhookEndpointUpdateParams", f"{TAKES} disabled"),
    Route("DELETE", OBJECT_PATH, delete),
]
