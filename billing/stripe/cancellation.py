"""Cancellation at the end of the period, the counter-offer before it, and resumption until then."""

from datetime import datetime, timedelta
from typing import Any

import stripe
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing.models import Cancellation, Coupon, Subscription
from billing.stripe.client import client
from billing.stripe.errors import translated_errors
from billing.stripe.price_items import require_live_subscription
from billing.stripe.status import current, row_of
from billing.stripe.sync import refresh_after_act
from billing.stripe.turns import turn
from billing.subscription_types import CounterOffer, Current
from plans.models import Plan, Price
from tenants.context import TenantRef, public_context

Outcome, Reason = Cancellation.Outcome, Cancellation.Reason
# Reasons answered with a coupon, with a cheaper plan, or with an offer to talk.
COUPON_REASONS = {Reason.TOO_EXPENSIVE, Reason.SWITCHED_SERVICE, Reason.OTHER}
PLAN_REASONS = {Reason.UNUSED, Reason.TOO_COMPLEX}
TALK_REASONS = {Reason.MISSING_FEATURES, Reason.LOW_QUALITY, Reason.CUSTOMER_SERVICE}
OFFER_INTERVAL = timedelta(days=365)


def counter_offer(tenant: TenantRef, reason: str) -> CounterOffer | None:
    """The counter-offer for a reason of cancellation; None if there is none. No network."""
    subscription = current(tenant)
    if not subscription.is_live or subscription.choice is None:
        return None
    with public_context():
        if reason in COUPON_REASONS:
            return _coupon_offer(tenant, subscription)
        if reason in PLAN_REASONS:
            return _cheaper_plan(subscription)
    return CounterOffer("talk") if reason in TALK_REASONS else None


def _coupon_offer(tenant: TenantRef, subscription: Current) -> CounterOffer | None:
    """The coupon; None if one was accepted within a year, a discount applies, or it ends before the next invoice."""
    coupon = Coupon.objects.filter(is_counter_offer=True).exclude(stripe_id="").first()
    accepted_before = Cancellation.objects.filter(
        tenant_id=tenant.id, outcome=Outcome.RETAINED, at__gte=timezone.now() - OFFER_INTERVAL
    )
    if (
        coupon is None
        or subscription.discount
        or accepted_before.exists()
        or not _affects_next_invoice(coupon, subscription)
    ):
        return None
    savings = None
    if coupon.percent_off is not None and subscription.choice and subscription.choice.interval == Price.Interval.MONTH:
        savings = (subscription.monthly_excl_vat * coupon.percent_off / 100).quantize(coupon.percent_off)
    return CounterOffer("coupon", coupon.code, coupon.name, savings, details_of(coupon))


def details_of(coupon: Coupon) -> dict[str, str]:
    """Percentage or amount in euros, `Coupon.Duration` and number of months as texts; "" for what does not apply."""
    return {
        "percent": f"{coupon.percent_off.normalize():f}" if coupon.percent_off else "",
        "amount": str(coupon.amount_off_excl_vat or ""),
        "duration": coupon.duration,
        "months": str(coupon.months or ""),
    }


def _affects_next_invoice(coupon: Coupon, subscription: Current) -> bool:
    """False if a coupon for some months ends before the next invoice, as with a plan paid by the year."""
    if coupon.duration != Coupon.Duration.REPEATING or subscription.period_end is None:
        return True
    return subscription.period_end <= timezone.now() + timedelta(days=30 * (coupon.months or 0))


def _cheaper_plan(subscription: Current) -> CounterOffer | None:
    plans = {plan.code: plan for plan in Plan.objects.all()}
    current_plan = plans.get(subscription.choice.plan if subscription.choice else "")
    if current_plan is None:
        return None
    cheaper = [plan for plan in plans.values() if plan.is_offered and plan.month_price < current_plan.month_price]
    if not cheaper:
        return None
    best = max(cheaper, key=lambda plan: plan.month_price)
    savings = current_plan.month_price - best.month_price
    if subscription.choice and subscription.choice.interval == Price.Interval.YEAR:
        savings = ((current_plan.year_price - best.year_price) / 12).quantize(savings)
    return CounterOffer("plan", best.code, best.name, savings)


def offer_accept(tenant: TenantRef, code: str, *, reason: str, comment: str, actor: User) -> None:
    """Apply the offered coupon instead of cancelling.

    Raises `ValidationError` if the coupon is not the present offer, `StripeUnavailable`.
    """
    with translated_errors():
        with public_context(), turn(tenant.id):
            offer = counter_offer(tenant, reason)
            if offer is None or offer.kind != "coupon" or offer.code != code:
                raise ValidationError(_("Cette offre n’est plus disponible."), code="offer")
            update: Any = {"discounts": [{"coupon": Coupon.objects.get(code=code).stripe_id}]}
            client().v1.subscriptions.update(require_live_subscription(tenant), update)
            _record_cancellation(tenant, reason, comment, code, Outcome.RETAINED)
        refresh_after_act(tenant.id)
    audit.record("subscription.kept", actor=actor, target=tenant.slug, offer=code)


def cancel(tenant: TenantRef, *, reason: str, comment: str, offer: str, actor: User) -> datetime | None:
    """End the subscription at the end of the paid period; return that moment. `offer`: the offer that was declined.

    Raises `ValidationError` for an unknown reason, without a live subscription, or if it is already ending;
    `StripeUnavailable`.
    """
    if reason not in Reason.values:
        raise ValidationError(_("Dites-nous pourquoi vous partez."), code="reason")
    with translated_errors():
        with public_context(), turn(tenant.id):
            subscription = client().v1.subscriptions.retrieve(require_live_subscription(tenant))
            if _is_ending(subscription):
                raise ValidationError(_("L’abonnement prend déjà fin."), code="ending")
            details: Any = {"feedback": reason, "comment": comment[:1000]}
            client().v1.subscriptions.update(
                subscription.id,
                {**_cancel_fields(subscription), "cancellation_details": details},  # type: ignore[arg-type]
            )
            _record_cancellation(tenant, reason, comment, offer, Outcome.CANCELLED)
        refresh_after_act(tenant.id)
    audit.record("subscription.cancelled", actor=actor, target=tenant.slug, reason=reason)
    return current(tenant).period_end


def _is_ending(subscription: stripe.Subscription) -> bool:
    """True if the end is scheduled at Stripe; our row may not be synced yet."""
    return subscription.cancel_at_period_end or subscription.cancel_at is not None


def _cancel_fields(subscription: stripe.Subscription) -> dict[str, Any]:
    """Parameters that end the subscription with the period; for monthly options beside a yearly plan, the year."""
    ends = {item.current_period_end for item in subscription["items"].data}
    return {"cancel_at_period_end": True} if len(ends) == 1 else {"cancel_at": max(ends)}


def resume(tenant: TenantRef, *, actor: User) -> None:
    """Undo a cancellation before the end. Idempotent. Raises `ValidationError` without a live subscription."""
    with translated_errors():
        with public_context(), turn(tenant.id):
            subscription = client().v1.subscriptions.retrieve(require_live_subscription(tenant))
            was_ending = _is_ending(subscription)
            if was_ending:
                _undo_cancellation(subscription)
                _record_resumption(tenant)
        refresh_after_act(tenant.id)
    if was_ending:
        audit.record("subscription.resumed", actor=actor, target=tenant.slug)


def _undo_cancellation(subscription: stripe.Subscription) -> None:
    update: Any = {"cancel_at_period_end": False} if subscription.cancel_at_period_end else {"cancel_at": ""}
    client().v1.subscriptions.update(subscription.id, update)


def _record_resumption(tenant: TenantRef) -> None:
    cancellation = Cancellation.objects.filter(tenant_id=tenant.id, outcome=Outcome.CANCELLED).first()
    if cancellation is not None:
        cancellation.outcome = Outcome.RESUMED
        cancellation.save(update_fields=["outcome"])


def _record_cancellation(tenant: TenantRef, reason: str, comment: str, offer: str, outcome: str) -> None:
    row: Subscription | None = row_of(tenant)
    Cancellation.objects.create(
        tenant_id=tenant.id,
        reason=reason,
        comment=comment[:1000],
        offer=offer,
        outcome=outcome,
        plan_code=row.plan_code if row else "",
    )
