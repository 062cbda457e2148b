"""How a subscription begins and ends."""

from dataclasses import dataclass, field
from typing import Any

from fakes.stripe.billing import discounts as discounting
from fakes.stripe.billing import invoices, lines, money, payments, periods
from fakes.stripe.common import as_list
from fakes.stripe.errors import invalid
from fakes.stripe.resources import coupons, prices, tax_rates
from fakes.stripe.world import DAY, RENDER, Object, World

OVER = ("canceled", "incomplete_expired")


@dataclass
class Wanted:
    """A subscription to begin. `items`: `{price, quantity, tax_rates, metadata}`; times are Unix seconds."""

    items: list[dict[str, Any]]
    trial_end: int | None = None
    anchor: int | None = None
    payment_behavior: str = "allow_incomplete"
    proration_behavior: str = "create_prorations"
    discounts: list[dict[str, Any]] = field(default_factory=list)
    # Anything that is simply set on the subscription.
    fields: dict[str, Any] = field(default_factory=dict)
    off_session: bool = True
    authenticated: bool = False
    return_url: str | None = None


def start(world: World, customer: Object, wanted: Wanted) -> Object:
    """Begins it, makes its first invoice and tries to be paid. Raises what a request for it would answer."""
    now = world.now_for(customer)
    subscription = _blank(world, customer, wanted, now)
    world.add(subscription)
    # Sole rule: whoever pays automatically has something to pay with.
    for item_params in wanted.items:
        add_item(world, subscription, item_params, now)
    _check(world, subscription)
    subscription["discounts"] = [
        coupons.redeem(world, item_params, now, customer=customer["id"], subscription=subscription["id"])["id"]
        for item_params in wanted.discounts
    ]
    invoice = _first_invoice(world, customer, subscription, wanted, now)
    subscription["latest_invoice"] = invoice["id"]
    trial = wanted.trial_end is not None
    waits = invoice["amount_due"] > 0 and subscription["collection_method"] == "charge_automatically"
    subscription["status"] = "trialing" if trial else "incomplete" if waits else "active"
    world.emit("customer.subscription.created", subscription)
    invoices.finalise(world, invoice)
    if waits and invoice["status"] == "open":
        _collect(world, subscription, invoice, wanted)
    discounting.use_up(world, subscription)
    return subscription


def _blank(world: World, customer: Object, wanted: Wanted, now: int) -> Object:
    anchor = wanted.trial_end or wanted.anchor or now
    return {
        "id": world.new_id("subscription"),
        "object": "subscription",
        "application": None,
        "application_fee_percent": None,
        "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
        "billing_cycle_anchor": anchor,
        "billing_cycle_anchor_config": None,
        "billing_mode": {"flexible": {"proration_discounts": "included"}, "type": "flexible", "updated_at": now},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "cancellation_details": {"comment": None, "feedback": None, "reason": None},
        "collection_method": "charge_automatically",
        "created": now,
        "currency": world.settings["currency"],
        "customer": customer["id"],
        "customer_account": None,
        "days_until_due": None,
        "default_payment_method": None,
        "default_source": None,
        "default_tax_rates": [],
        "description": None,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
        "latest_invoice": None,
        "livemode": False,
        "metadata": {},
        "next_pending_invoice_item_invoice": None,
        "on_behalf_of": None,
        "pause_collection": None,
        "payment_settings": {
            "payment_method_options": None,
            "payment_method_types": None,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": None,
        "pending_setup_intent": None,
        "pending_update": None,
        "schedule": None,
        "start_date": now,
        "status": "incomplete",
        "test_clock": customer["test_clock"],
        "transfer_data": None,
        "trial_end": wanted.trial_end,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
        "trial_start": now if wanted.trial_end else None,
        **wanted.fields,
    }


def items_of(world: World, subscription: Object) -> list[Object]:
    return world.find("subscription_item", subscription=subscription["id"])


def add_item(world: World, subscription: Object, item_params: dict[str, Any], now: int) -> Object:
    """Its period ends with the trial, or where the anchor says."""
    price = world.get("price", item_params["price"], "items[0][price]")
    if price["recurring"] is None:
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            "items[0][price]",
        )
    if not price["active"]:
        raise invalid("The price specified is inactive. This field only accepts active prices.", "items[0][price]")
    anchor = subscription["billing_cycle_anchor"]
    trial = subscription["trial_end"] and subscription["trial_end"] > now
    end = subscription["trial_end"] if trial else anchor
    if end <= now:
        end = periods.next_end(anchor, price["recurring"], now)
    item = {
        "id": world.new_id("subscription_item"),
        "object": "subscription_item",
        "billed_until": end,
        "billing_thresholds": None,
        "created": now,
        "current_period_end": end,
        "current_period_start": now,
        "discounts": [],
        "metadata": item_params.get("metadata") or {},
        "price": price["id"],
        "quantity": item_params.get("quantity", 1),
        "subscription": subscription["id"],
        "tax_rates": [world.get("tax_rate", id_, "tax_rates")["id"] for id_ in item_params.get("tax_rates") or []],
    }
    return world.add(item)


def _check(world: World, subscription: Object) -> None:
    item_prices = [world.objects[item["price"]] for item in items_of(world, subscription)]
    if not item_prices:
        raise invalid("Missing required param: items.", "items", "parameter_missing")
    if len({price["currency"] for price in item_prices}) > 1:
        raise invalid("All prices on a subscription must have the same currency.", "items")
    if len({price["id"] for price in item_prices}) < len(item_prices):
        raise invalid("Cannot add multiple subscription items with the same plan.", "items")
    subscription["currency"] = item_prices[0]["currency"]


def _first_invoice(world: World, customer: Object, subscription: Object, wanted: Wanted, now: int) -> Object:
    trial = wanted.trial_end is not None
    invoice_lines = []
    for item in items_of(world, subscription):
        end = item["current_period_end"]
        line = lines.of_item(world, subscription, item, now, end, trial=trial)
        price = world.objects[item["price"]]
        if not trial and wanted.anchor and wanted.anchor > now:
            period_length = end - periods.start_before(end, price["recurring"])
            line["amount"] = (
                0 if wanted.proration_behavior == "none" else money.part(line["amount"], end - now, period_length)
            )
        invoice_lines.append(line)
    pending = take_pending(world, customer["id"], None)
    discounts = list(subscription["discounts"])
    if customer["discount"] and not discounts:
        discounts = [customer["discount"]["id"]]
    fields = {"discounts": discounts, "automatically_finalizes_at": None}
    invoice_lines += [lines.of_invoice_item(world, item) for item in pending]
    return invoices.draft(
        world,
        customer,
        invoice_lines,
        "subscription_create",
        subscription=subscription,
        period=(now, now),
        fields=fields,
    )


def take_pending(world: World, customer: str, subscription: str | None) -> list[Object]:
    """What waits for the customer's next invoice; with `subscription`, what waits for that one as well."""
    item_prices = world.find("invoiceitem", customer=customer, invoice=None)
    return [item for item in item_prices if world.keep(item["id"]).get("subscription") in (None, subscription)]


def _collect(world: World, subscription: Object, invoice: Object, wanted: Wanted) -> None:
    paid = payments.intent_of(world, invoice)
    method = payments.standing.method_for(world, invoice)
    if wanted.payment_behavior == "default_incomplete":
        return
    if method is None:
        message = "This customer has no attached payment source or default payment method. Please consider adding a "
        raise invalid(f"{message}default payment method.", code="resource_missing")
    result = payments.confirm(
        world,
        paid,
        method,
        off_session=wanted.off_session,
        authenticated=wanted.authenticated,
        return_url=wanted.return_url,
    )
    refused = result not in ("ok", *payments.PENDING)
    if refused and wanted.payment_behavior == "error_if_incomplete":
        raise payments.error_of(world, paid, result)


def cancel(
    world: World,
    subscription: Object,
    *,
    reason: str = "cancellation_requested",
    invoice_now: bool = False,
    prorate: bool = False,
    at: int | None = None,
) -> Object:
    """Ends it now. `prorate`: what is not used is credited; `invoice_now`: what is pending is invoiced."""
    from fakes.stripe.billing import changes, pending

    if subscription["status"] in OVER:
        raise invalid(f"No such subscription: '{subscription['id']}'", "id", "resource_missing")
    pending.drop(world, subscription)
    now = at or world.now_for(subscription)
    if prorate:
        changes.credit_rest(world, subscription, now)
    if invoice_now:
        changes.invoice_pending(world, subscription)
    before = subscription["canceled_at"]
    subscription |= {"status": "canceled", "ended_at": now, "canceled_at": before or now}
    details = subscription["cancellation_details"]
    details["reason"] = details["reason"] or reason
    for invoice in world.find("invoice", customer=subscription["customer"]):
        mine = (invoices.subscription_of(world, invoice) or {}).get("id") == subscription["id"]
        if mine and invoice["status"] in ("draft", "open"):
            with world.changing(invoice, "invoice.updated"):
                invoice |= {"auto_advance": False, "next_payment_attempt": None}
    world.emit("customer.subscription.deleted", subscription)
    return subscription


def expire(world: World, subscription: Object) -> None:
    """23 hours without a first payment."""
    with world.changing(subscription, "customer.subscription.updated"):
        subscription |= {"status": "incomplete_expired", "ended_at": world.now_for(subscription)}
    invoice = world.objects.get(subscription["latest_invoice"] or "")
    if invoice and invoice["status"] == "open":
        invoices.void(world, invoice)


def trial_end_of(params: dict[str, Any], now: int) -> int | None:
    """From `trial_end` ("now" or seconds) or `trial_period_days`."""
    end = params.get("trial_end")
    if end == "now":
        return None
    if end:
        if end <= now:
            raise invalid("Invalid timestamp: must be an integer Unix timestamp in the future.", "trial_end")
        return int(end)
    days = params.get("trial_period_days")
    return now + days * DAY if days else None


def period_end(world: World, subscription: Object) -> int:
    """When `cancel_at_period_end` ends it: of several rhythms, with the first period that ends."""
    return min(item["current_period_end"] for item in items_of(world, subscription))


def render_item(world: World, item: Object) -> Object:
    price = world.objects[item["price"]]
    shown = {**item, "metadata": dict(item["metadata"]), "discounts": list(item["discounts"])}
    shown |= {"price": world.render(price), "plan": prices.plan_of(price)}
    return {**shown, "tax_rates": tax_rates.shown(world, item["tax_rates"])}


def _render(world: World, subscription: Object) -> Object:
    import copy

    from fakes.stripe.billing import pending

    shown = copy.deepcopy(subscription)
    shown["pending_update"] = pending.shown(world, subscription)
    shown["default_tax_rates"] = tax_rates.shown(world, subscription["default_tax_rates"])
    items = [render_item(world, item) for item in items_of(world, subscription)]
    shown["items"] = as_list(items, f"/v1/subscription_items?subscription={subscription['id']}")
    return shown


def _render_invoice(world: World, invoice: Object) -> Object:
    import copy

    return {**copy.deepcopy(invoice), "default_tax_rates": tax_rates.shown(world, invoice["default_tax_rates"])}


RENDER["subscription_item"] = render_item
RENDER["subscription"] = _render
RENDER["invoice"] = _render_invoice
