"""Invoice items made by hand: added to a draft, or to the customer's next invoice."""

from fakes.stripe.billing import changes, invoices, lines
from fakes.stripe.common import LIST, deleted, listing, metadata, only, take
from fakes.stripe.errors import invalid
from fakes.stripe.resources import tax_rates
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import RENDER, Object, World


def create(call: Call) -> Object:
    params, world = call.params, call.world
    customer = world.get("customer", params.get("customer", ""), "customer")
    quantity = params.get("quantity", 1)
    price, amount = None, params.get("amount")
    if price_params := params.get("pricing"):
        only(price_params, "price", "pricing")
        price = world.get("price", price_params["price"], "pricing[price]")
        amount = price["unit_amount"] * quantity
    if amount is None:
        raise invalid("You must provide one of: amount, pricing.", "amount", "parameter_missing")
    now = world.now_for(customer)
    invoice_item = changes.aside(
        world,
        customer["id"],
        amount=amount,
        currency=(price or {}).get("currency") or params.get("currency") or world.settings["currency"],
        description=params.get("description"),
        discountable=params.get("discountable", amount >= 0),
        metadata=metadata({}, params.get("metadata")),
        period=params.get("period") or {"start": now, "end": now},
        pricing=lines.pricing(price) if price else _plain_pricing(amount),
        quantity=quantity,
        tax_rates=list(params.get("tax_rates") or []),
        hidden={"subscription": params.get("subscription")},
    )
    if on := params.get("invoice"):
        _put_on(world, world.get("invoice", on, "invoice"), invoice_item)
    return invoice_item


def _plain_pricing(amount: int) -> Object:
    return {"price_details": None, "type": "price_details", "unit_amount_decimal": str(amount)}


def _put_on(world: World, invoice: Object, invoice_item: Object) -> None:
    if invoice["status"] != "draft":
        raise invalid("You can only add invoice items to draft invoices.", "invoice", "invoice_not_editable")
    invoice_item["invoice"] = invoice["id"]
    line = lines.of_invoice_item(world, invoice_item)
    hidden = world.keep(line["id"])
    hidden["tax_rates"] = hidden["tax_rates"] or list(invoice["default_tax_rates"])
    with world.changing(invoice, "invoice.updated"):
        invoices.set_lines(world, invoice, [*invoice["lines"]["data"], line])


def update(call: Call) -> Object:
    invoice_item = call.object("invoiceitem")
    if invoice_item["invoice"]:
        raise invalid("Invoice items on an invoice can't be changed here.", code="invoice_not_editable")
    take(invoice_item, call.params, "amount description discountable")
    return invoice_item


def delete(call: Call) -> Object:
    invoice_item = call.object("invoiceitem")
    if invoice_item["invoice"]:
        raise invalid("Only invoice items that are not attached to an invoice can be deleted.")
    call.world.drop(invoice_item)
    call.world.emit("invoiceitem.deleted", invoice_item)
    return deleted(invoice_item)


def index(call: Call) -> Object:
    objects = call.world.all("invoiceitem")
    for name in ("customer", "invoice"):
        if name in call.params:
            objects = [invoice_item for invoice_item in objects if invoice_item[name] == call.params[name]]
    if "pending" in call.params:
        objects = [
            invoice_item for invoice_item in objects if (invoice_item["invoice"] is None) is call.params["pending"]
        ]
    return listing(call, objects)


def _render(world: World, invoice_item: Object) -> Object:
    return {**invoice_item, "tax_rates": tax_rates.shown(world, invoice_item["tax_rates"])}


RENDER["invoiceitem"] = _render
CREATE = (
    "customer amount currency description discountable invoice metadata period pricing quantity subscription tax_rates"
)
OBJECT_PATH = "/v1/invoiceitems/{id}"
ROUTES = [
    Route("POST", "/v1/invoiceitems", create, "InvoiceItemCreateParams", CREATE),
    Route("GET", "/v1/invoiceitems", index, "InvoiceItemListParams", f"{LIST} customer invoice pending"),
    Route("GET", OBJECT_PATH, lambda call: call.object("invoiceitem"), "InvoiceItemRetrieveParams"),
    Route("POST", OBJECT_PATH, update, "InvoiceItemUpdateParams", "amount description discountable metadata"),
    Route("DELETE", OBJECT_PATH, delete),
]
