"""Reads a customer's subscription from Stripe and translates it to our plans, options and units."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import stripe
from django.utils import timezone

from billing.stripe.arrears import unpaid_since
from billing.stripe.client import client
from billing.stripe.descriptions import describe_discounts, describe_payment_method
from billing.stripe.moments import moment
from billing.stripe.mrr import mrr_of
from billing.stripe.states import LIVE
from billing.stripe.tax_rates import vat_keys_of
from plans.models import Price

log = logging.getLogger(__name__)
# Which of several subscriptions counts: a live one, then an ended one, then one whose first payment is missing.
STATUS_RANK = {**dict.fromkeys(LIVE, 0), "canceled": 1, "incomplete": 2, "incomplete_expired": 3}
# Stripe expands at most four levels: https://docs.stripe.com/api/expanding_objects
EXPAND = [
    "data.default_payment_method",
    "data.customer.invoice_settings.default_payment_method",
    "data.discounts.source.coupon",
]


@dataclass(frozen=True)
class Snapshot:
    """The customer's subscription that counts; empty fields if there is none. `add_ons`: code → quantity.

    `period_end`: of the plan's item, or the earliest of all items. `payment_method`, `discount`: French descriptions.
    `live`: number of live subscriptions (more than one is an error); `unfinished`: number waiting for their first
    payment. `unknown_prices`: price ids without a row of ours. `vat_keys`: see `tax_rates.vat_key`. `monthly_euros`:
    MRR without VAT. `change_waits`: a change is pending until it is paid.
    """

    stripe_id: str = ""
    status: str = ""
    plan_code: str = ""
    interval: str = ""
    period_end: datetime | None = None
    cancel_at_period_end: bool = False
    past_due_since: datetime | None = None
    payment_method: str = ""
    discount: str = ""
    change_waits: bool = False
    add_ons: Mapping[str, int] = field(default_factory=dict)
    live: int = 0
    unfinished: int = 0
    unknown_prices: tuple[str, ...] = ()
    vat_keys: tuple[str, ...] = ()
    monthly_euros: Decimal = Decimal(0)


def read_snapshot(customer: str) -> Snapshot:
    """The customer's snapshot, read from Stripe. Raises `stripe.StripeError`."""
    response = client().v1.subscriptions.list({"customer": customer, "status": "all", "limit": 100, "expand": EXPAND})
    subscriptions = list(response.auto_paging_iter())
    if not subscriptions:
        return Snapshot()
    subscription = min(
        subscriptions,
        key=lambda subscription: (STATUS_RANK.get(subscription.status, 0), -subscription.created, subscription.id),
    )
    live = sum(subscription.status in LIVE for subscription in subscriptions)
    return _snapshot_of(subscription, live, sum(subscription.status == "incomplete" for subscription in subscriptions))


def _snapshot_of(subscription: stripe.Subscription, live: int, unfinished: int) -> Snapshot:
    items = subscription["items"].data
    prices = {
        price.stripe_price_id: price
        for price in Price.objects.filter(stripe_price_id__in=[item.price.id for item in items])
    }
    plan = next(
        (prices[item.price.id] for item in items if item.price.id in prices and prices[item.price.id].plan_id), None
    )
    add_ons: dict[str, int] = {}
    for item in items:
        price = prices.get(item.price.id)
        if price and price.add_on_id:
            add_ons[price.add_on_id] = add_ons.get(price.add_on_id, 0) + (item.quantity or 1)
    unknown = tuple(item.price.id for item in items if item.price.id not in prices)
    if unknown:
        log.error("subscription %s has prices that are not ours: %s", subscription.id, unknown)
    return Snapshot(
        stripe_id=subscription.id,
        status=subscription.status,
        plan_code=plan.plan_id if plan else "",  # type: ignore[arg-type]
        interval=plan.interval if plan else "",
        period_end=_period_end(items, prices),
        cancel_at_period_end=subscription.cancel_at_period_end or subscription.cancel_at is not None,
        past_due_since=unpaid_since(subscription),
        payment_method=describe_payment_method(subscription),
        discount=describe_discounts(subscription),
        change_waits=subscription.pending_update is not None,
        add_ons=add_ons,
        live=live,
        unfinished=unfinished,
        unknown_prices=unknown,
        vat_keys=vat_keys_of(subscription),
        monthly_euros=mrr_of(subscription, timezone.now()),
    )


def _period_end(items: list[Any], prices: Mapping[str, Price]) -> datetime | None:
    """The end of the plan's period: options may be paid by the month beside a yearly plan."""
    plans = [item.current_period_end for item in items if item.price.id in prices and prices[item.price.id].plan_id]
    period_ends = plans or [item.current_period_end for item in items]
    return moment(min(period_ends)) if period_ends else None
