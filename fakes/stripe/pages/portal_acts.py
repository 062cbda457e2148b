"""What the portal's buttons do. Each gives the address of the bank's page where one must be passed first."""

from fakes.stripe.billing import changes, subscriptions
from fakes.stripe.errors import card_error, invalid
from fakes.stripe.pages import html
from fakes.stripe.pages.portal_parts import running
from fakes.stripe.resources import customers, payment_methods, setup_intents, tax_ids
from fakes.stripe.resources import subscriptions as requests
from fakes.stripe.world import Object, World

Form = dict[str, str]


def change_method(world: World, session: Object, _features: Object, form: Form) -> str | None:
    """The new method pays everything from now on. One that must be authenticated is set up at the bank's page first."""
    with world.undone_on_error():
        method = payment_methods.make(world, html.method_of(form))
        setup = setup_intents.make(world, session["customer"], [method["type"]])
        result = setup_intents.confirm(world, setup, method, back=session["url"])
        if result not in ("ok", "authenticate"):
            raise card_error(result)
    world.keep(setup["id"])["becomes_default"] = True
    if result == "authenticate":
        return str(setup["next_action"]["redirect_to_url"]["url"])
    becomes_default(world, setup)
    return None


def becomes_default(world: World, setup: Object) -> None:
    if not world.keep(setup["id"]).pop("becomes_default", False):
        return
    customer = world.objects[setup["customer"]]
    with world.changing(customer, "customer.updated"):
        customers.set_default_method(world, customer, setup["payment_method"])
    for subscription in world.find("subscription", customer=customer["id"]):
        if subscription["status"] not in subscriptions.OVER and subscription["default_payment_method"]:
            with world.changing(subscription, "customer.subscription.updated"):
                subscription["default_payment_method"] = setup["payment_method"]


def change_details(world: World, session: Object, features: Object, form: Form) -> str | None:
    customer, allowed = world.objects[session["customer"]], features["customer_update"]["allowed_updates"]
    if "tax_id" in allowed and "tax_id" in form:
        _change_tax_id(world, customer, form["tax_id"].strip())
    with world.changing(customer, "customer.updated"):
        for name in ("name", "email", "phone"):
            if name in allowed and name in form:
                customer[name] = form[name] or None
        if "address" in allowed:
            customer["address"] = html.address_of(form)
    return None


def _change_tax_id(world: World, customer: Object, value: str) -> None:
    numbers = world.find("tax_id", customer=customer["id"])
    if value and value.replace(" ", "").upper() in {tax_id["value"] for tax_id in numbers}:
        return
    if value:
        tax_ids.make(world, customer, "eu_vat", value)
    for tax_id in numbers:
        tax_ids.remove(world, tax_id)


def _chosen(world: World, session: Object, form: Form) -> Object:
    for subscription in running(world, session):
        if subscription["id"] == form.get("subscription"):
            return subscription
    raise invalid("Cet abonnement n’est pas le vôtre.")


def cancel(world: World, session: Object, features: Object, form: Form) -> str | None:
    subscription, settings = _chosen(world, session, form), features["subscription_cancel"]
    reason = form.get("feedback")
    if reason in settings["cancellation_reason"]["options"]:
        subscription["cancellation_details"]["feedback"] = reason
    if settings["mode"] == "immediately":
        subscriptions.cancel(world, subscription, prorate=settings["proration_behavior"] != "none")
        return None
    with world.changing(subscription, "customer.subscription.updated"):
        requests.set_end(world, subscription, {"cancel_at_period_end": True})
    return None


def resume(world: World, session: Object, _features: Object, form: Form) -> str | None:
    subscription = _chosen(world, session, form)
    with world.changing(subscription, "customer.subscription.updated"):
        requests.set_end(world, subscription, {"cancel_at_period_end": False})
    return None


def switch(world: World, session: Object, features: Object, form: Form) -> str | None:
    subscription, settings = _chosen(world, session, form), features["subscription_update"]
    flow = session["flow"] or {}
    if flow.get("type") == "subscription_update_confirm":
        values = flow["subscription_update_confirm"]["items"]
        items = [{name: value for name, value in item.items() if value is not None} for item in values]
    else:
        offered = {price for product in settings["products"] or [] for price in product["prices"]}
        if form.get("price") not in offered:
            raise invalid("Cette offre n’est pas proposée.")
        items = [{"id": form["item"], "price": form["price"]}]
    behaviour = settings["proration_behavior"]
    change = changes.Change(items=items, proration=behaviour, payment_behavior="error_if_incomplete")
    with world.undone_on_error(), world.changing(subscription, "customer.subscription.updated"):
        changes.apply(world, subscription, change)
    return None
