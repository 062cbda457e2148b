"""An invoice's life: draft, open, paid (or void, or uncollectible)."""

from collections.abc import Iterable
from typing import Any

from fakes.stripe.billing import discounts as discounting
from fakes.stripe.billing import taxes
from fakes.stripe.common import as_list
from fakes.stripe.errors import invalid
from fakes.stripe.world import DAY, Object, World

NO_RENDERING = {"amount_tax_display": None, "pdf": {"page_size": "a4"}, "template": None, "template_version": None}


def draft(
    world: World,
    customer: Object,
    lines: list[Object],
    reason: str,
    *,
    subscription: Object | None = None,
    period: tuple[int, int] | None = None,
    fields: dict[str, Any] | None = None,
) -> Object:
    """`reason`: Stripe's `billing_reason`. `period`: seconds; that which is over, as an invoice's period looks back."""
    now = world.now_for(customer)
    start, end = period or (now, now)
    invoice = {**_blank(world, customer, now), "billing_reason": reason, "period_start": start, "period_end": end}
    invoice["currency"] = lines[0]["currency"] if lines else customer["currency"] or world.settings["currency"]
    if subscription:
        invoice |= _of_subscription(subscription, now)
    invoice |= fields or {}
    world.add(invoice)
    set_lines(world, invoice, lines)
    world.emit("invoice.created", invoice)
    return invoice


def _blank(world: World, customer: Object, now: int) -> Object:
    return {
        "id": world.new_id("invoice"),
        "object": "invoice",
        "account_country": world.settings["account_country"],
        "account_name": world.settings["account_name"],
        "account_tax_ids": None,
        "amount_due": 0,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": 0,
        "amount_shipping": 0,
        "application": None,
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": True,
        "automatic_tax": no_automatic_tax(),
        "automatically_finalizes_at": now + world.settings["finalisation_seconds"],
        "billing_reason": None,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": world.settings["currency"],
        "custom_fields": None,
        "customer": customer["id"],
        "customer_account": None,
        **_addressed(world, customer),
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [customer["discount"]["id"]] if customer["discount"] else [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "footer": None,
        "from_invoice": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "issuer": {"type": "self"},
        "last_finalization_error": None,
        "latest_revision": None,
        "lines": as_list([], ""),
        "livemode": False,
        "metadata": {},
        "next_payment_attempt": None,
        "number": None,
        "on_behalf_of": None,
        "parent": None,
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
        "period_end": now,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": None,
        "rendering": dict(NO_RENDERING),
        "shipping_cost": None,
        "shipping_details": None,
        "starting_balance": customer["balance"],
        "statement_descriptor": None,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "subtotal": 0,
        "subtotal_excluding_tax": 0,
        "test_clock": customer["test_clock"],
        "threshold_reason": None,
        "total": 0,
        "total_discount_amounts": [],
        "total_excluding_tax": 0,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": None,
    }


def no_automatic_tax() -> Object:
    return {"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None}


def _addressed(world: World, customer: Object) -> Object:
    numbers = world.find("tax_id", customer=customer["id"])
    return {
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["business_name"] if customer.get("business_name") else customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [{"type": number["type"], "value": number["value"]} for number in numbers],
    }


def _of_subscription(subscription: Object, now: int) -> Object:
    details = {
        "metadata": dict(subscription["metadata"]),
        "subscription": subscription["id"],
        "subscription_proration_date": None,
    }
    due = subscription["days_until_due"]
    return {
        "collection_method": subscription["collection_method"],
        "default_tax_rates": list(subscription["default_tax_rates"]),
        "due_date": now + due * DAY if due is not None else None,
        "parent": {"quote_details": None, "subscription_details": details, "type": "subscription_details"},
    }


def set_lines(world: World, invoice: Object, lines: Iterable[Object]) -> None:
    """Puts these lines on the draft and adds everything up."""
    lines = list(lines)
    for line in lines:
        line["invoice"] = invoice["id"]
        line["subtotal"] = line["amount"]
    invoice["lines"] = as_list(lines, f"/v1/invoices/{invoice['id']}/lines")
    add_up(world, invoice)


def add_up(world: World, invoice: Object) -> None:
    lines = invoice["lines"]["data"]
    discounting.apply(world, lines, invoice["discounts"])
    for line in lines:
        taxes.apply(world, line, invoice["customer_tax_exempt"])
    subtotal = sum(line["amount"] for line in lines)
    off = sum(line["amount"] - discounting.net(line) for line in lines)
    all_taxes = [tax for line in lines for tax in line["taxes"]]
    added = sum(tax["amount"] for tax in all_taxes if tax["tax_behavior"] == "exclusive")
    inside = sum(tax["amount"] for tax in all_taxes if tax["tax_behavior"] == "inclusive")
    invoice["subtotal"] = subtotal
    invoice["subtotal_excluding_tax"] = subtotal - inside
    invoice["total"] = subtotal - off + added
    invoice["total_excluding_tax"] = subtotal - off - inside
    invoice["total_taxes"] = taxes.added_up(lines)
    invoice["total_discount_amounts"] = _discounts(lines)
    _set_due(invoice)


def _discounts(lines: list[Object]) -> list[Object]:
    totals: dict[str, int] = {}
    for part in (part for line in lines for part in line["discount_amounts"]):
        totals[part["discount"]] = totals.get(part["discount"], 0) + part["amount"]
    return [{"amount": amount, "discount": id_} for id_, amount in totals.items()]


def _set_due(invoice: Object) -> None:
    """A credit on the customer's balance pays first; a negative invoice becomes such a credit."""
    due = max(0, invoice["total"] + invoice["starting_balance"]) if invoice["total"] > 0 else 0
    invoice["amount_due"] = due
    invoice["amount_remaining"] = due - invoice["amount_paid"]


def finalise(world: World, invoice: Object) -> None:
    """Gives the number, takes or gives the balance, opens it; nothing due is paid at once. Does not charge."""
    from fakes.stripe.billing import payments

    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    customer, now = world.objects[invoice["customer"]], world.now_for(invoice)
    before = world.render(invoice)
    _use_balance(world, invoice, customer)
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}"
    customer["next_invoice_sequence"] += 1
    customer["currency"] = customer["currency"] or invoice["currency"]
    invoice |= {"status": "open", "number": number, "effective_at": now, "automatically_finalizes_at": None}
    invoice["status_transitions"]["finalized_at"] = now
    invoice["hosted_invoice_url"] = f"{world.base}/i/{invoice['id']}"
    invoice["invoice_pdf"] = f"{world.base}/i/{invoice['id']}/pdf"
    emit_events(world, invoice, before, "invoice.finalized")
    if invoice["amount_due"] > 0:
        payments.prepare(world, invoice)
    else:
        mark_paid(world, invoice)


def _use_balance(world: World, invoice: Object, customer: Object) -> None:
    from fakes.stripe.resources import balance_transactions

    total, balance = invoice["total"], customer["balance"]
    invoice["starting_balance"] = balance
    # What is owed to the customer pays, as far as it goes; what they owe is added; a negative invoice is owed to them.
    change = total if total <= 0 else min(-balance, total)
    if change:
        with world.changing(customer, "customer.updated"):
            balance_transactions.make(world, customer, change, "applied_to_invoice", invoice=invoice["id"])
    invoice["ending_balance"] = customer["balance"]
    _set_due(invoice)


def mark_paid(world: World, invoice: Object, *, out_of_band: bool = False) -> None:
    from fakes.stripe.billing import status

    now, before = world.now_for(invoice), world.render(invoice)
    paid = 0 if out_of_band else invoice["amount_due"]
    invoice |= {"status": "paid", "attempted": True, "amount_paid": paid, "amount_remaining": 0}
    invoice |= {"next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["paid_at"] = now
    emit_events(world, invoice, before, "invoice.paid", "invoice.payment_succeeded")
    status.invoice_paid(world, invoice)


def void(world: World, invoice: Object) -> None:
    from fakes.stripe.billing import payments, pending

    if invoice["status"] not in ("open", "uncollectible"):
        raise invalid(f"You can only pass in open invoices. This invoice isn't open: it is {invoice['status']}.")
    before = world.render(invoice)
    invoice |= {"status": "void", "next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["voided_at"] = world.now_for(invoice)
    payments.cancel(world, invoice)
    emit_events(world, invoice, before, "invoice.voided")
    pending.voided(world, invoice)


def mark_uncollectible(world: World, invoice: Object) -> None:
    if invoice["status"] != "open":
        raise invalid("You can only mark open invoices as uncollectible.")
    before = world.render(invoice)
    invoice |= {"status": "uncollectible", "next_payment_attempt": None, "auto_advance": False}
    invoice["status_transitions"]["marked_uncollectible_at"] = world.now_for(invoice)
    emit_events(world, invoice, before, "invoice.marked_uncollectible")


def emit_events(world: World, invoice: Object, before: Object, *kinds: str) -> None:
    """Emit `invoice.updated` with the previous values, then these events."""
    from fakes.stripe.world import difference

    if previous := difference(before, world.render(invoice)):
        world.emit("invoice.updated", invoice, previous)
    for kind in kinds:
        world.emit(kind, invoice)


def subscription_of(world: World, invoice: Object) -> Object | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return world.objects.get(details.get("subscription") or "")
