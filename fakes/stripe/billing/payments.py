"""Payment intents: how a payment ends, and what follows from it."""

from typing import Any

from fakes.stripe.billing import charges
from fakes.stripe.billing import status as standing
from fakes.stripe.errors import StripeError, card_error, invalid
from fakes.stripe.resources import payment_methods
from fakes.stripe.world import DAY, Object, World, token

PENDING = ("pending", "pending_fail")


def intent(world: World, amount: int, currency: str, customer: str | None, **fields: Any) -> Object:
    id_ = world.new_id("payment_intent")
    payment_intent = {
        "id": id_,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{id_}_secret_{token()}",
        "confirmation_method": "automatic",
        "created": world.now_for({"customer": customer}),
        "currency": currency,
        "customer": customer,
        "customer_account": None,
        "description": None,
        "excluded_payment_method_types": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": {},
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_configuration_details": None,
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "source": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "requires_payment_method",
        "transfer_data": None,
        "transfer_group": None,
        **fields,
    }
    world.add(payment_intent)
    world.emit("payment_intent.created", payment_intent)
    return payment_intent


def prepare(world: World, invoice: Object) -> Object:
    """The intent that an open invoice is paid by, and the invoice payment that ties them."""
    from fakes.stripe.billing import invoices

    subscription = invoices.subscription_of(world, invoice)
    kinds = ((subscription or {}).get("payment_settings") or {}).get("payment_method_types") or ["card", "sepa_debit"]
    words = "Subscription creation" if invoice["billing_reason"] == "subscription_create" else "Subscription update"
    payment_intent = intent(
        world,
        invoice["amount_due"],
        invoice["currency"],
        invoice["customer"],
        description=words if subscription else None,
        payment_method_types=kinds,
        setup_future_usage="off_session" if invoice["billing_reason"] == "subscription_create" else None,
    )
    world.add(
        {
            "id": world.new_id("invoice_payment"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": payment_intent["created"],
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": False,
            "payment": {"payment_intent": payment_intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        }
    )
    return payment_intent


def payment_of(world: World, invoice: Object) -> Object | None:
    return next(
        (
            invoice_payment
            for invoice_payment in world.find("invoice_payment", invoice=invoice["id"])
            if invoice_payment["is_default"]
        ),
        None,
    )


def intent_of(world: World, invoice: Object) -> Object:
    invoice_payment = payment_of(world, invoice)
    return world.objects[invoice_payment["payment"]["payment_intent"]] if invoice_payment else prepare(world, invoice)


def invoice_of(world: World, paid_by: Object) -> Object | None:
    for invoice_payment in world.all("invoice_payment"):
        if invoice_payment["payment"]["payment_intent"] == paid_by["id"]:
            return world.objects[invoice_payment["invoice"]]
    return None


def cancel(world: World, invoice: Object) -> None:
    invoice_payment = payment_of(world, invoice)
    if invoice_payment is None:
        return
    invoice_payment["status"] = "canceled"
    invoice_payment["status_transitions"]["canceled_at"] = world.now_for(invoice)
    cancel_intent(world, world.objects[invoice_payment["payment"]["payment_intent"]], "void_invoice")


def cancel_intent(world: World, canceled: Object, reason: str | None) -> None:
    if canceled["status"] in ("succeeded", "canceled"):
        return
    canceled |= {"status": "canceled", "canceled_at": world.now_for(canceled), "cancellation_reason": reason}
    canceled["next_action"] = None
    world.emit("payment_intent.canceled", canceled)


def outcome(world: World, method: Object, *, off_session: bool, authenticated: bool) -> str:
    """ "ok", "authenticate", "pending", "pending_fail" or a decline code. What tests asked for comes first."""
    if world.next_payments and not authenticated:
        return world.next_payments.pop(0)
    means = payment_methods.means_of(world, method)
    if authenticated:
        return "ok"
    if not off_session:
        return means.on_session
    needs_setup = means.on_session == "authenticate" and not world.keep(method["id"]).get("set_up")
    return "authenticate" if needs_setup else means.off_session


def confirm(
    world: World,
    paid: Object,
    method: Object | None,
    *,
    off_session: bool = False,
    authenticated: bool = False,
    return_url: str | None = None,
) -> str:
    """Tries to pay; gives the outcome. Whatever it pays for (an invoice, its subscription) follows."""
    if paid["status"] in ("succeeded", "canceled", "processing"):
        message = f"This PaymentIntent's status is {paid['status']}; it can't be confirmed again."
        raise invalid(message, code="payment_intent_unexpected_state")
    if method is None:
        standing.payment_failed(world, invoice_of(world, paid), "no_method")
        return "no_method"
    result = outcome(world, method, off_session=off_session, authenticated=authenticated)
    paid |= {"payment_method": method["id"], "next_action": None, "last_payment_error": None}
    if result == "ok":
        succeed(world, paid, charges.charge(world, paid, method, "succeeded"))
    elif result == "authenticate":
        _ask(world, paid, return_url)
    elif result in PENDING:
        _wait(world, paid, charges.charge(world, paid, method, "pending"), fails=result == "pending_fail")
    else:
        fail(world, paid, charges.charge(world, paid, method, "failed", result), result)
    return result


def succeed(world: World, paid: Object, charged: Object) -> None:
    paid |= {"status": "succeeded", "amount_received": paid["amount"], "next_action": None, "processing": None}
    world.emit("charge.succeeded", charged)
    world.emit("payment_intent.succeeded", paid)
    standing.payment_succeeded(world, invoice_of(world, paid), paid)


def fail(world: World, paid: Object, charged: Object | None, decline: str) -> None:
    error = card_error(decline).fields
    method = world.objects.get(paid["payment_method"] or "")
    paid |= {"status": "requires_payment_method", "next_action": None, "payment_method": None, "processing": None}
    paid["last_payment_error"] = {
        **error,
        "charge": charged["id"] if charged else None,
        "payment_method": world.render(method) if method else None,
    }
    if charged:
        world.emit("charge.failed", charged)
    world.emit("payment_intent.payment_failed", paid)
    standing.payment_failed(world, invoice_of(world, paid), decline)


def _ask(world: World, paid: Object, return_url: str | None) -> None:
    paid["status"] = "requires_action"
    address = f"{world.base}/authenticate/{paid['id']}"
    paid["next_action"] = {
        "redirect_to_url": {"return_url": return_url, "url": address},
        "type": "redirect_to_url",
    }
    world.emit("payment_intent.requires_action", paid)
    standing.payment_needs_action(world, invoice_of(world, paid))


def authenticated(world: World, paid: Object, *, granted: bool) -> str:
    """What the customer's bank says."""
    if paid["status"] != "requires_action":
        raise invalid("This PaymentIntent needs no authentication.", code="payment_intent_unexpected_state")
    method = world.objects[paid["payment_method"]]
    if not granted:
        fail(world, paid, None, "authentication_failure")
        return "authentication_failure"
    world.keep(method["id"])["set_up"] = True
    return confirm(world, paid, method, authenticated=True)


def _wait(world: World, paid: Object, charged: Object, *, fails: bool) -> None:
    paid["status"] = "processing"
    settles = world.now_for(paid) + int(world.settings["sepa_days"] * DAY)
    world.keep(paid["id"]).update(settle_at=settles, fails=fails)
    world.emit("charge.pending", charged)
    world.emit("payment_intent.processing", paid)
    standing.payment_pending(world, invoice_of(world, paid))


def settle(world: World, paid: Object) -> None:
    """The bank answers, days after."""
    charged = world.objects[paid["latest_charge"]]
    if world.keep(paid["id"]).pop("fails"):
        charged["failure_balance_transaction"] = charges.book(world, charged, -1, "payment_failure_refund")["id"]
        charged |= {"status": "failed", "paid": False, "failure_code": "debit_not_authorized"}
        charged["failure_message"] = "The customer's bank refused the debit."
        fail(world, paid, charged, "debit_not_authorized")
    else:
        charged |= {"status": "succeeded", "amount_captured": charged["amount"]}
        succeed(world, paid, charged)


def pay(world: World, invoice: Object, method: Object | None = None, *, off_session: bool = True) -> str:
    """Tries to pay an open invoice by this method, or by the one that stands for it."""
    chosen = method or standing.method_for(world, invoice)
    return confirm(world, intent_of(world, invoice), chosen, off_session=off_session)


def error_of(world: World, paid: Object, result: str) -> StripeError:
    """The 402 that a request answers when its payment did not go through."""
    if result == "no_method":
        return invalid(
            "This customer has no attached payment source or default payment method.", code="resource_missing"
        )
    if result == "authenticate":
        result = "authentication_required"
    return card_error(result, payment_intent=world.render(paid), charge=paid["latest_charge"])
