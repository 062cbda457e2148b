"""Effects of a payment's outcome on the invoice, its subscription, its customer and its checkout session."""

from typing import Any

from fakes.stripe.billing import invoices
from fakes.stripe.world import DAY, Object, World

OWING = ("incomplete", "past_due", "unpaid")


def method_for(world: World, invoice: Object) -> Object | None:
    """The invoice's own method, else its subscription's, else its customer's."""
    own = world.objects.get(invoice["default_payment_method"] or "")
    return own or method_of(world, invoices.subscription_of(world, invoice) or {"customer": invoice["customer"]})


def method_of(world: World, subscription: Object) -> Object | None:
    """The subscription's own method, else its customer's."""
    customer = world.objects[subscription["customer"]]
    ids = (subscription.get("default_payment_method"), customer["invoice_settings"]["default_payment_method"])
    return next((world.objects[id_] for id_ in ids if id_ and id_ in world.objects), None)


def payment_succeeded(world: World, invoice: Object | None, paid: Object) -> None:
    from fakes.stripe.billing import payments

    if invoice is None:
        return
    invoice_payment = payments.payment_of(world, invoice)
    if invoice_payment:
        invoice_payment |= {"status": "paid", "amount_paid": paid["amount"]}
        invoice_payment["status_transitions"]["paid_at"] = world.now_for(invoice)
        world.emit("invoice_payment.paid", invoice_payment)
    invoice["attempt_count"] += 1
    invoices.mark_paid(world, invoice)


def invoice_paid(world: World, invoice: Object) -> None:
    """Paying the latest invoice brings a subscription back."""
    from fakes.stripe.billing import checkouts, pending

    pending.paid(world, invoice)
    customer = world.objects.get(invoice["customer"])
    if customer and customer["delinquent"] and not _still_owes(world, customer):
        with world.changing(customer, "customer.updated"):
            customer["delinquent"] = False
    subscription = invoices.subscription_of(world, invoice)
    if subscription and subscription["status"] in OWING and _latest(world, subscription) is invoice:
        _set_status(world, subscription, "active")
    checkouts.settled(world, invoice, paid=True)


def _latest(world: World, subscription: Object) -> Object | None:
    """What was voided, or is for a change that waits, does not count."""
    from fakes.stripe.billing import pending

    for invoice in reversed(world.find("invoice", customer=subscription["customer"])):
        mine = invoices.subscription_of(world, invoice) is subscription
        if mine and invoice["status"] != "void" and not pending.is_of(world, invoice):
            return invoice
    return None


def _still_owes(world: World, customer: Object) -> bool:
    owed = world.find("invoice", customer=customer["id"], status="open")
    return any(invoice["attempted"] for invoice in owed)


def payment_pending(world: World, invoice: Object | None) -> None:
    """A debit under way counts as paid until the bank says otherwise."""
    if invoice is None:
        return
    with world.changing(invoice, "invoice.updated"):
        invoice |= {"attempted": True, "next_payment_attempt": None}
    subscription = invoices.subscription_of(world, invoice)
    if subscription and subscription["status"] == "incomplete":
        _set_status(world, subscription, "active")


def payment_needs_action(world: World, invoice: Object | None) -> None:
    if invoice is None:
        return
    _failed(world, invoice, "invoice.payment_action_required", "invoice.payment_failed")


def payment_failed(world: World, invoice: Object | None, _decline: str) -> None:
    from fakes.stripe.billing import checkouts

    if invoice is None:
        return
    _failed(world, invoice, "invoice.payment_failed")
    checkouts.settled(world, invoice, paid=False)


def _failed(world: World, invoice: Object, *kinds: str) -> None:
    """Counts the attempt, plans the next one, and lets the subscription fall behind; not for a change that waits."""
    from fakes.stripe.billing import pending

    before = world.render(invoice)
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    invoice["next_payment_attempt"] = _next_attempt(world, invoice)
    invoices.emit_events(world, invoice, before, *kinds)
    subscription = invoices.subscription_of(world, invoice)
    if subscription is None or pending.is_of(world, invoice):
        return
    customer = world.objects[invoice["customer"]]
    with world.changing(customer, "customer.updated"):
        customer["delinquent"] = True
    if subscription["status"] in ("active", "trialing"):
        _set_status(world, subscription, "past_due")
    if invoice["next_payment_attempt"] is None and subscription["status"] == "past_due":
        _give_up(world, subscription)


def _next_attempt(world: World, invoice: Object) -> int | None:
    """Some days after the first failure; what has not begun yet is tried only once."""
    from fakes.stripe.billing import pending

    subscription = invoices.subscription_of(world, invoice)
    once = (subscription and subscription["status"] == "incomplete") or pending.is_of(world, invoice)
    if once or not invoice["auto_advance"]:
        return None
    hidden, now = world.keep(invoice["id"]), world.now_for(invoice)
    first = hidden.setdefault("first_failure", now)
    later = [first + int(days * DAY) for days in world.settings["retry_days"]]
    return next((moment for moment in later if moment > now), None)


def _give_up(world: World, subscription: Object) -> None:
    from fakes.stripe.billing import subscriptions

    end = world.settings["dunning_end"]
    if end == "canceled":
        subscriptions.cancel(world, subscription, reason="payment_failed")
    elif end == "unpaid":
        _set_status(world, subscription, "unpaid")


def _set_status(world: World, subscription: Object, status: str, **fields: Any) -> None:
    with world.changing(subscription, "customer.subscription.updated"):
        subscription |= {"status": status, **fields}


set_status = _set_status
