"""Lines of an invoice: of a subscription's item for a period, or of an invoice item."""

from datetime import UTC, datetime
from typing import Any

from fakes.stripe.billing import money
from fakes.stripe.world import Object, World

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def blank(world: World, **fields: Any) -> Object:
    rates = fields.pop("tax_rates", None) or []
    line = {
        "id": world.new_id("line_item"),
        "object": "line_item",
        "amount": 0,
        "currency": world.settings["currency"],
        "description": None,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": {},
        "parent": None,
        "period": {"start": 0, "end": 0},
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "subscription": None,
        "subtotal": 0,
        "taxes": [],
        **fields,
    }
    line["subtotal"] = line["amount"]
    line["quantity_decimal"] = str(line["quantity"])
    world.keep(line["id"])["tax_rates"] = rates
    return line


def pricing(price: Object) -> Object:
    return {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    }


def of_item(world: World, subscription: Object, item: Object, start: int, end: int, *, trial: bool) -> Object:
    """A whole period of one item; nothing is due for a trial."""
    price = world.objects[item["price"]]
    name = world.objects[price["product"]]["name"]
    amount = 0 if trial else money.price_of(price, item["quantity"])
    each = f"{int(price['unit_amount_decimal'].split('.')[0]) / 100:.2f} {price['currency'].upper()}"
    every = price["recurring"]["interval"]
    return blank(
        world,
        amount=amount,
        currency=price["currency"],
        description=f"Trial period for {name}" if trial else f"{item['quantity']} × {name} (at {each} / {every})",
        metadata=dict(subscription["metadata"]),
        parent=parent(subscription, item["id"]),
        period={"start": start, "end": end},
        pricing=pricing(price),
        quantity=item["quantity"],
        subscription=subscription["id"],
        tax_rates=item["tax_rates"] or subscription["default_tax_rates"],
    )


def parent(subscription: Object, item: str, invoice_item: str | None = None, details: Any = None) -> Object:
    return {
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": invoice_item,
            "proration": invoice_item is not None,
            "proration_details": details or {"credited_items": None},
            "subscription": subscription["id"],
            "subscription_item": item,
        },
        "type": "subscription_item_details",
    }


def of_invoice_item(world: World, invoice_item: Object) -> Object:
    """What was put aside for the next invoice: a proration, or an item made by hand."""
    hidden = world.keep(invoice_item["id"])
    subscription = world.objects.get(hidden.get("subscription") or "")
    if subscription and hidden.get("subscription_item"):
        above = parent(subscription, hidden["subscription_item"], invoice_item["id"], hidden.get("details"))
    else:
        above = {
            "invoice_item_details": {
                "invoice_item": invoice_item["id"],
                "proration": invoice_item["proration"],
                "proration_details": {"credited_items": None},
                "subscription": hidden.get("subscription"),
            },
            "subscription_item_details": None,
            "type": "invoice_item_details",
        }
    return blank(
        world,
        amount=invoice_item["amount"],
        currency=invoice_item["currency"],
        description=invoice_item["description"],
        discountable=invoice_item["discountable"],
        metadata=dict(invoice_item["metadata"]),
        parent=above,
        period=dict(invoice_item["period"]),
        pricing=invoice_item["pricing"],
        quantity=invoice_item["quantity"],
        subscription=hidden.get("subscription"),
        tax_rates=invoice_item["tax_rates"] or (subscription["default_tax_rates"] if subscription else []),
    )


def day(moment: int) -> str:
    """21 Nov 2026, as Stripe writes it in descriptions."""
    date = datetime.fromtimestamp(moment, UTC)
    return f"{date.day:02} {MONTHS[date.month - 1]} {date.year}"
