"""How things are at Stripe for one customer, as it says now, in our words."""

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
# Which of several subscriptions counts: one that lives, then one that lived, then one that never began.
STATUS_RANK = {**dict.fromkeys(LIVE, 0), "canceled": 1, "incomplete": 2, "incomplete_expired": 3}
# Stripe expands four levels deep.
EXPAND = [
    "data.default_payment_method",
    "data.customer.invoice_settings.default_payment_method",
    "data.discounts.source.coupon",
]


@dataclass(frozen=True)
class Snapshot:
    """What counts of a customer's subscriptions; empty fields where there is none. `add_ons`: code → quantity.

    `period_end` is the plan's, or the first among its items. `payment_method`, `discount`: in words. `live`: how many
    subscriptions live (more than one is a mistake); `unfinished`: how many wait for their first payment.
    `unknown_prices`: ids that no row of ours has. `vat_keys`: as `tax_rates.key_of` has them.
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
    """Ask Stripe. Raises `stripe.StripeError`."""
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
    """Options may be paid by the month beside a year's plan: the plan's period is what counts."""
    plans = [item.current_period_end for item in items if item.price.id in prices and prices[item.price.id].plan_id]
    period_ends = plans or [item.current_period_end for item in items]
    return moment(min(period_ends)) if period_ends else None
