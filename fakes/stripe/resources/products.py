"""Products."""

from fakes.stripe.common import LIST, deleted, listing, metadata, take
from fakes.stripe.errors import invalid
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object

FIELDS = "active default_price description name statement_descriptor unit_label url shippable tax_code"


def create(call: Call) -> Object:
    params, now = call.params, call.world.now()
    if params.get("id") in call.world.objects:
        raise invalid("Product already exists.", "id", "resource_already_exists")
    product = {
        "id": params.get("id") or call.world.new_id("product"),
        "object": "product",
        "active": True,
        "created": now,
        "default_price": None,
        "description": None,
        "images": params.get("images", []),
        "livemode": False,
        "marketing_features": params.get("marketing_features", []),
        "metadata": metadata({}, params.get("metadata")),
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": now,
        "url": None,
    }
    take(product, {key: value for key, value in params.items() if key != "metadata"}, FIELDS)
    call.world.add(product)
    call.world.emit("product.created", product)
    return product


def update(call: Call) -> Object:
    product = call.object("product")
    with call.world.changing(product, "product.updated"):
        take(product, call.params, f"{FIELDS} images marketing_features")
    product["updated"] = call.world.now()
    return product


def delete(call: Call) -> Object:
    product = call.object("product")
    if call.world.find("price", product=product["id"]):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    call.world.drop(product)
    call.world.emit("product.deleted", product)
    return deleted(product)


def index(call: Call) -> Object:
    objects = call.world.all("product")
    if "active" in call.params:
        objects = [product for product in objects if product["active"] is call.params["active"]]
    if ids := call.params.get("ids"):
        objects = [product for product in objects if product["id"] in ids]
    return listing(call, objects)


TAKES = f"{FIELDS} images marketing_features metadata"
ROUTES = [
    Route("POST", "/v1/products", create, "ProductCreateParams", f"id {TAKES}", "type"),
    Route("GET", "/v1/products", index, "ProductListParams", f"{LIST} active ids"),
    Route("GET", "/v1/products/{id}", lambda call: call.object("product"), "ProductRetrieveParams"),
    Route("POST", "/v1/products/{id}", update, "ProductUpdateParams", TAKES),
    Route("DELETE", "/v1/products/{id}", delete),
    Route("GET", "/v1/products/{id}/features", lambda call: listing(call, []), "ProductFeatureListParams", LIST),
]
