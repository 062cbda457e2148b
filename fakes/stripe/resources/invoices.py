"""Invoices, what pays them, and what they would be."""

from typing import Any

from fakes.stripe.billing import invoices, lines, payments, previews, subscriptions
from fakes.stripe.common import LIST, as_list, deleted, listing, metadata, only, take
from fakes.stripe.errors import invalid
from fakes.stripe.expanding import INCLUDED
from fakes.stripe.resources import coupons, payment_methods
from fakes.stripe.resources import subscriptions as subscription_requests
from fakes.stripe.routing import Call, Route
from fakes.stripe.world import DAY, Object, World


def create(call: Call) -> Object:
    """By hand: of what waits for the customer, if that is asked for."""
    params, world = call.params, call.world
    customer = world.get("customer", params.get("customer", ""), "customer")
    now = world.now_for(customer)
    waiting = []
    if params.get("pending_invoice_items_behavior") == "include":
        waiting = subscriptions.take_pending(world, customer["id"], params.get("subscription"))
    fields: dict[str, Any] = {"metadata": metadata({}, params.get("metadata"))}
    take(fields, {key: value for key, value in params.items() if key != "metadata"}, "description footer")
    fields["collection_method"] = params.get("collection_method", "charge_automatically")
    if "days_until_due" in params:
        fields["due_date"] = now + params["days_until_due"] * DAY
    fields["auto_advance"] = params.get("auto_advance", False)
    if not fields["auto_advance"]:
        fields["automatically_finalizes_at"] = None
    fields["default_tax_rates"] = list(params.get("default_tax_rates") or [])
    if "discounts" in params:
        values = params["discounts"] or []
        fields["discounts"] = [coupons.redeem(world, entry, now, customer=customer["id"])["id"] for entry in values]
    payment = [lines.of_invoice_item(world, item) for item in waiting]
    for line in payment:
        hidden = world.keep(line["id"])
        hidden["tax_rates"] = hidden["tax_rates"] or fields["default_tax_rates"]
    invoice = invoices.draft(world, customer, payment, "manual", fields=fields)
    for item in waiting:
        item["invoice"] = invoice["id"]
    return invoice


def update(call: Call) -> Object:
    invoice, world = call.object("invoice"), call.world
    draft_only = {"auto_advance", "discounts"} & call.params.keys()
    if draft_only and invoice["status"] != "draft":
        raise invalid("Finalized invoices can't be updated in this way", sorted(draft_only)[0], "invoice_not_editable")
    with world.changing(invoice, "invoice.updated"):
        take(invoice, call.params, "description footer auto_advance")
        if method := call.params.get("default_payment_method"):
            invoice["default_payment_method"] = world.get("payment_method", method, "default_payment_method")["id"]
    return invoice


def delete(call: Call) -> Object:
    invoice = call.object("invoice")
    if invoice["status"] != "draft":
        raise invalid("You can only delete draft invoices.")
    for item in call.world.find("invoiceitem", invoice=invoice["id"]):
        item["invoice"] = None
    call.world.drop(invoice)
    call.world.emit("invoice.deleted", invoice)
    return deleted(invoice)


def finalise(call: Call) -> Object:
    invoice = call.object("invoice")
    invoices.finalise(call.world, invoice)
    if invoice["status"] == "open" and call.params.get("auto_advance", invoice["auto_advance"]):
        payments.pay(call.world, invoice)
    return invoice


def pay(call: Call) -> Object:
    """402 with the card's refusal; the failed attempt is kept, as Stripe keeps it."""
    invoice, world, params = call.object("invoice"), call.world, call.params
    if invoice["status"] == "draft":
        invoices.finalise(world, invoice)
    if invoice["status"] == "paid":
        raise invalid("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] != "open":
        raise invalid(f"This invoice can no longer be paid: it is {invoice['status']}.", code="invoice_not_open")
    if params.get("paid_out_of_band"):
        payments.cancel(world, invoice)
        invoices.mark_paid(world, invoice, out_of_band=True)
        return invoice
    chosen = params.get("payment_method")
    method = payment_methods.resolve(world, chosen) if chosen else None
    result = payments.pay(world, invoice, method, off_session=params.get("off_session", True))
    if result not in ("ok", *payments.PENDING):
        raise payments.error_of(world, payments.intent_of(world, invoice), result)
    return invoice


def void(call: Call) -> Object:
    invoices.void(call.world, call.object("invoice"))
    return call.object("invoice")


def mark_uncollectible(call: Call) -> Object:
    invoices.mark_uncollectible(call.world, call.object("invoice"))
    return call.object("invoice")


def send(call: Call) -> Object:
    invoice = call.object("invoice")
    if invoice["status"] == "draft":
        invoices.finalise(call.world, invoice)
    call.world.emit("invoice.sent", invoice)
    return invoice


def preview(call: Call) -> Object:
    """The next invoice of a subscription, or the first one of a subscription to be."""
    params, world = call.params, call.world
    details = params.get("subscription_details") or {}
    only(
        details,
        "items proration_behavior proration_date billing_cycle_anchor trial_end default_tax_rates cancel_at_period_end",
        "subscription_details",
    )
    if params.get("subscription"):
        subscription = world.get("subscription", params["subscription"], "subscription")
        change = subscription_requests.change_of(details)
        requested = bool(change.items or change.new_anchor)
        return previews.upcoming(world, subscription, change if requested else None, params.get("discounts"))
    customer = world.get("customer", params.get("customer", ""), "customer")
    wanted = subscription_requests.wanted_of(world, details, world.now_for(customer))
    wanted.discounts = list(params.get("discounts") or [])
    return previews.first(world, customer, wanted)


def lines_of(call: Call) -> Object:
    invoice = call.object("invoice")
    return {**as_list(invoice["lines"]["data"], call.path)}


def index(call: Call) -> Object:
    params, world = call.params, call.world
    objects = world.all("invoice")
    for name in ("customer", "status", "collection_method"):
        if name in params:
            objects = [invoice for invoice in objects if invoice[name] == params[name]]
    if wanted := params.get("subscription"):
        objects = [entry for entry in objects if (invoices.subscription_of(world, entry) or {}).get("id") == wanted]
    return listing(call, objects)


def payments_index(call: Call) -> Object:
    objects = call.world.all("invoice_payment")
    for name in ("invoice", "status"):
        if name in call.params:
            objects = [invoice_lines for invoice_lines in objects if invoice_lines[name] == call.params[name]]
    if payment := call.params.get("payment"):
        wanted = payment.get("payment_intent")
        objects = [invoice_lines for invoice_lines in objects if invoice_lines["payment"]["payment_intent"] == wanted]
    return listing(call, objects)


def _payments(world: World, invoice: Object) -> Object:
    objects = world.find("invoice_payment", invoice=invoice["id"])
    return as_list([world.render(payment) for payment in objects], f"/v1/invoices/{invoice['id']}/payments")


def _secret(world: World, invoice: Object) -> Object | None:
    if invoice["status"] != "open":
        return None
    payment = payments.payment_of(world, invoice)
    paid = world.objects[payment["payment"]["payment_intent"]] if payment else None
    return {"client_secret": paid["client_secret"], "type": "payment_intent"} if paid else None


INCLUDED["invoice", "payments"] = _payments
INCLUDED["invoice", "confirmation_secret"] = _secret
CREATE = (
    "customer auto_advance collection_method days_until_due default_tax_rates description discounts footer metadata "
    "pending_invoice_items_behavior subscription"
)
OBJECT_PATH = "/v1/invoices/{id}"
PREVIEW = "customer subscription subscription_details discounts"
ROUTES = [
    Route("POST", "/v1/invoices", create, "InvoiceCreateParams", CREATE, "currency"),
    Route("GET", "/v1/invoices", index, "InvoiceListParams", f"{LIST} customer status subscription collection_method"),
    Route("POST", "/v1/invoices/create_preview", preview, "InvoiceCreatePreviewParams", PREVIEW, "currency"),
    Route("GET", OBJECT_PATH, lambda call: call.object("invoice"), "InvoiceRetrieveParams"),
    Route(
        "POST",
        OBJECT_PATH,
        update,
        "InvoiceUpdateParams",
        "description footer metadata auto_advance default_payment_method",
    ),
    Route("DELETE", OBJECT_PATH, delete),
    Route("POST", f"{OBJECT_PATH}/finalize", finalise, "InvoiceFinalizeInvoiceParams", "auto_advance"),
    Route("POST", f"{OBJECT_PATH}/pay", pay, "InvoicePayParams", "payment_method paid_out_of_band off_session"),
    Route("POST", f"{OBJECT_PATH}/void", void),
    Route("POST", f"{OBJECT_PATH}/mark_uncollectible", mark_uncollectible),
    Route("POST", f"{OBJECT_PATH}/send", send),
    Route("GET", f"{OBJECT_PATH}/lines", lines_of, "InvoiceLineItemListParams", LIST),
    Route(
        "GET",
        "/v1/invoice_payments",
        payments_index,
        "InvoicePaymentListParams",
        f"{LIST} invoice status payment",
    ),
    Route(
        "GET",
        "/v1/invoice_payments/{id}",
        lambda call: call.object("invoice_payment"),
        "InvoicePaymentRetrieveParams",
    ),
]
