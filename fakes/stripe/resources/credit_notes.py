"""Credit notes: of whole lines, or of an amount; refunded, credited to the balance, or taken off what is due."""

from typing import Any

from fakes.stripe.billing import money, payments, taxes
from fakes.stripe.billing.discounts import net
from fakes.stripe.common import LIST, as_list, listing, metadata, only, take
from fakes.stripe.errors import invalid, unsimulated
from fakes.stripe.resources import balance_transactions, charges
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import Object, World


def create(call: Call) -> Object:
    params, world = call.params, call.world
    invoice = world.get("invoice", params["invoice"], "invoice")
    if invoice["status"] not in ("open", "paid"):
        raise invalid("You can only issue credit notes on finalized invoices.", "invoice", "invoice_not_open")
    lines = _lines(world, invoice, params)
    total = sum(line["amount"] + sum(tax["amount"] for tax in line["taxes"]) for line in lines)
    left = invoice["total"] - invoice["post_payment_credit_notes_amount"] - invoice["pre_payment_credit_notes_amount"]
    if not 0 < total <= left:
        raise invalid("The sum of credit notes is larger than the invoice.", "amount")
    note = _note(world, invoice, params, lines, total)
    world.add(note)
    if invoice["status"] == "open":
        _lower(world, invoice, note)
    else:
        _give_back(world, invoice, note, params)
    world.emit("credit_note.created", note)
    return note


def _lines(world: World, invoice: Object, params: dict[str, Any]) -> list[Object]:
    invoice_lines = {line["id"]: line for line in invoice["lines"]["data"]}
    if "lines" in params:
        return [_line(world, invoice_lines, line_params) for line_params in params["lines"]]
    if "amount" not in params:
        raise invalid("You must provide one of `amount` or `lines`.", "amount", "parameter_missing")
    shares = money.spread(params["amount"], [max(0, _gross(line)) for line in invoice_lines.values()])
    return [_share(world, line, gross) for line, gross in zip(invoice_lines.values(), shares, strict=True) if gross]


def _gross(line: Object) -> int:
    return net(line) + sum(tax["amount"] for tax in line["taxes"] if tax["tax_behavior"] == "exclusive")


def _line(world: World, invoice_lines: dict[str, Object], line_params: dict[str, Any]) -> Object:
    only(line_params, "type invoice_line_item quantity amount", "lines[0]")
    if line_params["type"] != "invoice_line_item":
        raise unsimulated("custom lines of credit notes")
    line = invoice_lines.get(line_params["invoice_line_item"])
    if line is None:
        raise invalid("The line does not belong to this invoice.", "lines[0][invoice_line_item]", "resource_missing")
    amount = line_params.get("amount")
    if amount is None:
        count = line_params.get("quantity", line["quantity"]) or 1
        amount = money.part(net(line), count, line["quantity"] or 1)
    return _credited(world, line, amount, line_params.get("quantity"))


def _share(world: World, line: Object, gross: int) -> Object:
    """Part of a line, its tax inside."""
    total = _gross(line)
    return _credited(world, line, money.part(net(line), gross, total), None, gross)


def _credited(world: World, line: Object, amount: int, quantity: int | None, gross: int | None = None) -> Object:
    refund = []
    for tax in line["taxes"]:
        rate = world.objects[tax["tax_rate_details"]["tax_rate"]]
        due = taxes.amount(amount, rate) if tax["amount"] else 0
        if gross is not None and tax["tax_behavior"] == "exclusive" and tax["amount"]:
            due = gross - amount
        refund.append({**tax, "amount": due, "taxable_amount": amount})
    return {
        "id": world.new_id("credit_note_line_item"),
        "object": "credit_note_line_item",
        "amount": amount,
        "description": line["description"],
        "discount_amount": 0,
        "discount_amounts": [],
        "invoice_line_item": line["id"],
        "livemode": False,
        "pretax_credit_amounts": [],
        "quantity": quantity,
        "tax_rates": [world.render(world.objects[tax["tax_rate_details"]["tax_rate"]]) for tax in line["taxes"]],
        "taxes": refund,
        "type": "invoice_line_item",
        "unit_amount": None,
        "unit_amount_decimal": None,
    }


def _note(world: World, invoice: Object, params: dict[str, Any], lines: list[Object], total: int) -> Object:
    id_, now = world.new_id("credit_note"), world.now_for(invoice)
    subtotal = sum(line["amount"] for line in lines)
    count = len(world.find("credit_note", invoice=invoice["id"])) + 1
    before = invoice["status"] == "open"
    return {
        "id": id_,
        "object": "credit_note",
        "amount": total,
        "amount_shipping": 0,
        "created": now,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "customer_account": None,
        "customer_balance_transaction": None,
        "discount_amount": 0,
        "discount_amounts": [],
        "effective_at": now,
        "invoice": invoice["id"],
        "lines": as_list(lines, f"/v1/credit_notes/{id_}/lines"),
        "livemode": False,
        "memo": params.get("memo"),
        "metadata": metadata({}, params.get("metadata")),
        "number": f"{invoice['number']}-CN-{count:02}",
        "out_of_band_amount": params.get("out_of_band_amount"),
        "pdf": f"{world.base}/credit_notes/{id_}/pdf",
        "post_payment_amount": 0 if before else total,
        "pre_payment_amount": total if before else 0,
        "pretax_credit_amounts": [],
        "reason": params.get("reason"),
        "refunds": [],
        "shipping_cost": None,
        "status": "issued",
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_excluding_tax": subtotal,
        "total_taxes": taxes.added_up(lines),
        "type": "pre_payment" if before else "post_payment",
        "voided_at": None,
    }


def _lower(world: World, invoice: Object, note: Object) -> None:
    """Less is due; nothing left is paid."""
    from fakes.stripe.billing import invoices

    with world.changing(invoice, "invoice.updated"):
        invoice["pre_payment_credit_notes_amount"] += note["total"]
        invoice["amount_due"] -= note["total"]
        invoice["amount_remaining"] -= note["total"]
    paid = payments.intent_of(world, invoice)
    if invoice["amount_remaining"] <= 0:
        payments.cancel_intent(world, paid, "void_invoice")
        invoices.mark_paid(world, invoice)
    else:
        paid["amount"] = invoice["amount_remaining"]


def _give_back(world: World, invoice: Object, note: Object, params: dict[str, Any]) -> None:
    total = note["total"]
    amount_given = params.get("refund_amount", 0) + params.get("credit_amount", 0) + params.get("out_of_band_amount", 0)
    if amount_given != total:
        message = f"The sum of credit amount, refund amount and out of band amount ({amount_given}) must equal the post"
        raise invalid(f"{message} payment credit note amount ({total}).")
    if amount := params.get("refund_amount"):
        charge = world.objects[payments.intent_of(world, invoice)["latest_charge"]]
        refund = charges.refund(world, charge, amount)
        note["refunds"] = [{"amount_refunded": amount, "refund": refund["id"], "type": "refund"}]
    if amount := params.get("credit_amount"):
        customer = world.objects[invoice["customer"]]
        with world.changing(customer, "customer.updated"):
            moved = balance_transactions.make(world, customer, -amount, "credit_note", credit_note=note["id"])
        note["customer_balance_transaction"] = moved["id"] if moved else None
    with world.changing(invoice, "invoice.updated"):
        invoice["post_payment_credit_notes_amount"] += total


def update(call: Call) -> Object:
    note = call.object("credit_note")
    with call.world.changing(note, "credit_note.updated"):
        take(note, call.params, "memo")
    return note


def index(call: Call) -> Object:
    invoice_lines = call.world.all("credit_note")
    for name in ("customer", "invoice"):
        if name in call.params:
            invoice_lines = [note for note in invoice_lines if note[name] == call.params[name]]
    return listing(call, invoice_lines)


CREATE = "invoice amount lines reason memo metadata refund_amount credit_amount out_of_band_amount"
OBJECT_PATH = "/v1/credit_notes/{id}"
ROUTES = [
    Route("POST", "/v1/credit_notes", create, "CreditNoteCreateParams", CREATE),
    Route("GET", "/v1/credit_notes", index, "CreditNoteListParams", f"{LIST} customer invoice"),
    Route("GET", OBJECT_PATH, lambda call: call.object("credit_note"), "CreditNoteRetrieveParams"),
    Route("POST", OBJECT_PATH, update, "CreditNoteUpdateParams", "memo metadata"),
]
