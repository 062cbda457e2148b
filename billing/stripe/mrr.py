"""MRR of a Stripe subscription, and the cause of its movements.

Discounts on single items, on certain products or on the customer are ignored: we create none, and Stripe expands at
most four levels (https://docs.stripe.com/api/expanding_objects).
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import stripe

from billing.models import Subscription
from billing.mrr.monthly import Charge, Reduction, monthly_euros
from billing.stripe import options
from billing.stripe.moments import moment

if TYPE_CHECKING:
    from billing.stripe.snapshot import Snapshot

# MRR is kept in euros.
CURRENCY = "eur"
# Cause of a loss by Stripe's present status; cause of a gain by its status before.
LOSS_CAUSES = {"unpaid": "unpaid", "paused": "paused", "active": "free", "past_due": "free"}
GAIN_CAUSES = {"trialing": "trial", "unpaid": "paid", "paused": "paid", "active": "discount", "past_due": "discount"}


def mrr_of(subscription: stripe.Subscription, now: datetime) -> Decimal:
    """Euros a month without VAT. The subscription's discounts and their coupons must be expanded."""
    return monthly_euros(
        subscription.status, _charges(subscription["items"].data), _reductions(subscription.discounts), now
    )


def _charges(items: list[Any]) -> Iterator[Charge]:
    for item in items:
        price = item.price
        cents, recurring = price.unit_amount_decimal, price.recurring
        if cents is None or price.currency != CURRENCY or recurring.usage_type == "metered":
            continue
        quantity = 1 if item.quantity is None else item.quantity
        yield Charge(Decimal(cents), quantity, recurring.interval, recurring.interval_count)


def _reductions(discounts: list[Any]) -> Iterator[Reduction]:
    for discount in discounts:
        coupon = discount.source.coupon
        if coupon is None or coupon.currency not in (None, CURRENCY):
            continue
        yield Reduction(
            # Stripe gives a float of two decimals; `str` keeps it exact.
            percent=None if coupon.percent_off is None else Decimal(str(coupon.percent_off)),
            cents=coupon.amount_off or 0,
            months={"forever": None, "once": 0}.get(coupon.duration, coupon.duration_in_months),
            ends=moment(discount.end) if discount.end else None,
        )


def movement_cause(subscription: Subscription, snapshot: "Snapshot", tenant_id: UUID) -> str:
    """The cause of an MRR movement, a key of `ledger.CAUSES`. `subscription` and the stored options are not synced yet.

    "discount" is any change of the amount that plan, period or options do not explain.
    """
    if not snapshot.monthly_euros:
        return LOSS_CAUSES.get(snapshot.status, "ended")
    if not subscription.mrr_euros:
        return GAIN_CAUSES.get(subscription.status, "begun")
    if snapshot.plan_code != subscription.plan_code:
        return "plan"
    if snapshot.interval != subscription.interval:
        return "period"
    return "discount" if options.purchased(tenant_id) == dict(snapshot.add_ons) else "options"
