"""Items of subscriptions, changed one by one."""

from typing import Any

from fakes.stripe.billing import changes, pending, subscriptions
from fakes.stripe.common import LIST, deleted, listing
from fakes.stripe.errors import unsimulated
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object


def _change(call: Call, subscription: Object, item: dict[str, Any]) -> None:
    if call.params.get("payment_behavior") == pending.BEHAVIOUR:
        raise unsimulated(f"{pending.BEHAVIOUR} of single items")
    change = changes.Change(
        items=[item],
        proration=call.params.get("proration_behavior", "create_prorations"),
        at=call.params.get("proration_date"),
        payment_behavior=call.params.get("payment_behavior", "allow_incomplete"),
    )
    with call.world.undone_on_error(), call.world.changing(subscription, "customer.subscription.updated"):
        changes.apply(call.world, subscription, change)


def _item_params(call: Call) -> dict[str, Any]:
    return {name: call.params[name] for name in ("price", "quantity", "tax_rates", "metadata") if name in call.params}


def create(call: Call) -> Object:
    subscription = call.world.get("subscription", call.params["subscription"], "subscription")
    _change(call, subscription, _item_params(call))
    return subscriptions.items_of(call.world, subscription)[-1]


def update(call: Call) -> Object:
    item = call.object("subscription_item")
    _change(call, call.world.objects[item["subscription"]], {"id": item["id"], **_item_params(call)})
    return call.object("subscription_item")


def delete(call: Call) -> Object:
    item = call.object("subscription_item")
    _change(call, call.world.objects[item["subscription"]], {"id": item["id"], "deleted": True})
    return deleted(item)


def index(call: Call) -> Object:
    subscription = call.world.get("subscription", call.params["subscription"], "subscription")
    return listing(call, subscriptions.items_of(call.world, subscription))


TAKES = "price quantity tax_rates metadata proration_behavior proration_date payment_behavior"
OBJECT_PATH = "/v1/subscription_items/{id}"
ROUTES = [
    Route("POST", "/v1/subscription_items", create, "SubscriptionItemCreateParams", f"{TAKES} subscription"),
    Route("GET", "/v1/subscription_items", index, "SubscriptionItemListParams", f"{LIST} subscription"),
    Route("GET", OBJECT_PATH, lambda call: call.object("subscription_item"), "SubscriptionItemRetrieveParams"),
    Route("POST", OBJECT_PATH, update, "SubscriptionItemUpdateParams", TAKES, "off_session"),
    Route(
        "DELETE",
        OBJECT_PATH,
        delete,
        "SubscriptionItemDeleteParams",
        "proration_behavior proration_date payment_behavior",
    ),
]
