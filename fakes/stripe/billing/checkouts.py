"""Completion of checkout sessions, and updates of a session by a later payment."""

import copy
from dataclasses import asdict, dataclass, field
from typing import Any

from fakes.stripe.billing import previews, subscriptions
from fakes.stripe.errors import card_error, invalid
from fakes.stripe.world import Object, World


@dataclass
class Submission:
    """The submitted checkout form. `method`: parameters of the payment method, None if not needed."""

    email: str
    name: str
    address: dict[str, Any] | None = None
    tax_id: str = ""
    method: dict[str, Any] | None = None
    code: str = ""
    quantities: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def wanted_of(world: World, session: Object, now: int, code: str = "") -> subscriptions.Wanted:
    """The subscription that a session is for."""
    from fakes.stripe.resources import subscriptions as requests

    hidden = world.keep(session["id"])
    wanted = requests.wanted_of(world, {**hidden["subscription_data"], "items": hidden["items"]}, now)
    submission = list(hidden["discounts"])
    if code:
        submission = [{"promotion_code": promotion(world, code)["id"]}]
    wanted.discounts = submission
    return wanted


def promotion(world: World, code: str) -> Object:
    """Raises where nobody knows the code."""
    for entry in world.find("promotion_code", active=True):
        if entry["code"].upper() == code.strip().upper():
            return entry
    raise invalid("This code is invalid.", "promotion_code", "promotion_code_invalid")


def preview(world: World, session: Object, code: str = "") -> Object:
    """The first invoice, as the page shows it before anybody has paid."""
    from fakes.stripe.resources import customers

    other = world.copied(session["customer"])
    other.hidden[session["id"]] = copy.deepcopy(world.keep(session["id"]))
    known = other.objects.get(session["customer"] or "")
    customer = known or customers.make(other, {})
    return previews.first(other, customer, wanted_of(other, session, other.now_for(customer), code))


def needs_method(world: World, session: Object, due: int) -> bool:
    return due > 0 or session["mode"] == "setup" or session["payment_method_collection"] == "always"


def submit(world: World, session: Object, submission: Submission, *, authenticated: bool = False) -> None:
    """Completes the session, or raises the refusal and leaves no trace (`authentication_required`: ask, then again)."""
    if session["status"] != "open":
        raise invalid("This Checkout Session is no longer open.", code="checkout_session_not_open")
    with world.undone_on_error():
        # Undoing puts copies in place: the session is looked up again.
        session = world.objects[session["id"]]
        customer = _customer(world, session, submission)
        method = _method(world, session, customer, submission)
        if session["mode"] == "setup":
            _set_up(world, session, customer, method, authenticated=authenticated)
            _complete(world, session, customer, submission)
            return
        subscription = _subscribe(world, session, customer, method, submission, authenticated=authenticated)
        invoice = world.objects[subscription["latest_invoice"]]
        session |= {"subscription": subscription["id"], "invoice": invoice["id"]}
        session["amount_subtotal"], session["amount_total"] = invoice["subtotal"], invoice["total"]
        session["payment_status"] = _payment_status(invoice)
        if session["payment_status"] == "unpaid":
            world.keep(session["id"])["waiting"] = True
        _complete(world, session, customer, submission)


def _payment_status(invoice: Object) -> str:
    if not invoice["amount_due"]:
        return "no_payment_required" if not invoice["total"] else "paid"
    return "paid" if invoice["status"] == "paid" else "unpaid"


def _customer(world: World, session: Object, submission: Submission) -> Object:
    from fakes.stripe.resources import customers, tax_ids

    customer = world.objects.get(session["customer"] or "")
    if customer is None:
        customer = customers.make(
            world, {"email": submission.email, "name": submission.name, "address": submission.address}
        )
    else:
        updates = world.keep(session["id"])["customer_update"]
        with world.changing(customer, "customer.updated"):
            if updates.get("address") == "auto" and submission.address:
                customer["address"] = submission.address
            if updates.get("name") == "auto" and submission.name:
                customer["name"] = submission.name
    if submission.tax_id and submission.tax_id not in {
        entry["value"] for entry in world.find("tax_id", customer=customer["id"])
    }:
        tax_ids.make(world, customer, "eu_vat", submission.tax_id)
    return customer


def _method(world: World, session: Object, customer: Object, submission: Submission) -> Object | None:
    from fakes.stripe.resources import payment_methods

    if submission.method is None:
        return None
    details = {"email": submission.email, "name": submission.name, "address": submission.address}
    method = payment_methods.make(world, {**submission.method, "billing_details": details})
    if method["type"] not in session["payment_method_types"]:
        raise invalid(f"The payment method type {method['type']} is not offered here.", "payment_method_types")
    return payment_methods.attach(world, method, customer)


def _set_up(world: World, session: Object, customer: Object, method: Object | None, *, authenticated: bool) -> None:
    from fakes.stripe.resources import setup_intents

    assert method is not None
    created = setup_intents.make(world, customer["id"], session["payment_method_types"])
    result = setup_intents.confirm(world, created, method, authenticated=authenticated)
    if result != "ok":
        raise card_error("authentication_required" if result == "authenticate" else result)
    if session["mode"] == "setup":
        session |= {"setup_intent": created["id"], "payment_status": "no_payment_required"}


def _subscribe(
    world: World,
    session: Object,
    customer: Object,
    method: Object | None,
    submission: Submission,
    *,
    authenticated: bool,
) -> Object:
    wanted = wanted_of(world, session, world.now_for(customer), submission.code)
    wanted.payment_behavior = "error_if_incomplete"
    wanted.off_session = False
    wanted.authenticated = authenticated
    if method:
        wanted.fields["default_payment_method"] = method["id"]
    due = preview(world, session, submission.code)["amount_due"]
    if method and not due:
        _set_up(world, session, customer, method, authenticated=authenticated)
    subscription = subscriptions.start(world, customer, wanted)
    session["discounts"] = [
        {"coupon": each.get("coupon"), "promotion_code": each.get("promotion_code")} for each in wanted.discounts
    ]
    if method and authenticated:
        world.keep(method["id"])["set_up"] = True
    return subscription


def _complete(world: World, session: Object, customer: Object, submission: Submission) -> None:
    numbers = world.find("tax_id", customer=customer["id"])
    session |= {
        "status": "complete",
        "url": None,
        "customer": customer["id"],
        "customer_details": {
            "address": submission.address or customer["address"],
            "business_name": None,
            "email": customer["email"] or submission.email,
            "individual_name": None,
            "name": submission.name or customer["name"],
            "phone": customer["phone"],
            "tax_exempt": customer["tax_exempt"],
            "tax_ids": [{"type": number["type"], "value": number["value"]} for number in numbers],
        },
    }
    world.emit("checkout.session.completed", session)


def settled(world: World, invoice: Object, *, paid: bool) -> None:
    """Update a session whose payment was pending, once."""
    for session in world.find("checkout.session", invoice=invoice["id"], payment_status="unpaid"):
        hidden = world.keep(session["id"])
        if not hidden.pop("waiting", False):
            continue
        if paid:
            session["payment_status"] = "paid"
        world.emit(f"checkout.session.async_payment_{'succeeded' if paid else 'failed'}", session)
