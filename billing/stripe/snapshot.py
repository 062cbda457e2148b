"""How things are at Stripe for one customer, as it says now, in our words."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import stripe
from django.utils import timezone

from billing.stripe.arrears import owing_since
from billing.stripe.client import client
from billing.stripe.descriptions import discount_words, method_words
from billing.stripe.moments import moment
from billing.stripe.mrr import monthly_of
from billing.stripe.states import LIVE
from billing.stripe.tax_rates import keys_of
from plans.models import Price

log = logging.getLogger(__name__)
# Which of several subscriptions counts: one that lives, then one that lived, then one that never began.
RANK = {**dict.fromkeys(LIVE, 0), "canceled": 1, "incomplete": 2, "incomplete_expired": 3}
# Stripe expands four levels deep.
EXPANDED = [
    "data.default_payment_method",
    "data.customer.invoice_settings.default_payment_method",
    "data.discounts.source.coupon",
]


@dataclass(frozen=True)
class Known:
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


def read(customer: str) -> Known:
    """Ask Stripe. Raises `stripe.StripeError`."""
    listed = client().v1.subscriptions.list({"customer": customer, "status": "all", "limit": 100, "expand": EXPANDED})
    found = list(listed.auto_paging_iter())
    if not found:
        return Known()
    chosen = min(found, key=lambda one: (RANK.get(one.status, 0), -one.created, one.id))
    live = sum(one.status in LIVE for one in found)
    return _known(chosen, live, sum(one.status == "incomplete" for one in found))


def _known(chosen: stripe.Subscription, live: int, unfinished: int) -> Known:
    items = chosen["items"].data
    rows = {row.stripe_price_id: row for row in Price.objects.filter(stripe_price_id__in=[it.price.id for it in items])}
    plan = next((rows[it.price.id] for it in items if it.price.id in rows and rows[it.price.id].plan_id), None)
    add_ons: dict[str, int] = {}
    for item in items:
        row = rows.get(item.price.id)
        if row and row.add_on_id:
            add_ons[row.add_on_id] = add_ons.get(row.add_on_id, 0) + (item.quantity or 1)
    unknown = tuple(item.price.id for item in items if item.price.id not in rows)
    if unknown:
        log.error("subscription %s has prices that are not ours: %s", chosen.id, unknown)
    return Known(
        stripe_id=chosen.id,
        status=chosen.status,
        plan_code=plan.plan_id if plan else "",  # type: ignore[arg-type]
        interval=plan.interval if plan else "",
        period_end=_end(items, rows),
        cancel_at_period_end=chosen.cancel_at_period_end or chosen.cancel_at is not None,
        past_due_since=owing_since(chosen),
        payment_method=method_words(chosen),
        discount=discount_words(chosen),
        change_waits=chosen.pending_update is not None,
        add_ons=add_ons,
        live=live,
        unfinished=unfinished,
        unknown_prices=unknown,
        vat_keys=keys_of(chosen),
        monthly_euros=monthly_of(chosen, timezone.now()),
    )


def _end(items: list[Any], rows: Mapping[str, Price]) -> datetime | None:
    """Options may be paid by the month beside a year's plan: the plan's period is what counts."""
    plans = [item.current_period_end for item in items if item.price.id in rows and rows[item.price.id].plan_id]
    ends = plans or [item.current_period_end for item in items]
    return moment(min(ends)) if ends else None
