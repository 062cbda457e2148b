"""Leaving at the period's end, what is offered first, and coming back before it."""

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
from billing.stripe.errors import asking
from billing.stripe.price_items import require_living
from billing.stripe.status import current, row_of
from billing.stripe.sync import follow_act
from billing.stripe.turns import turn
from billing.subscription_types import Current, Offer
from plans.models import Plan, Price
from tenants.context import TenantRef, public_context

Outcome, Reason = Cancellation.Outcome, Cancellation.Reason
# What may bring somebody back, by what they say: less to pay, less of it, or somebody who listens.
BY_COUPON = {Reason.TOO_EXPENSIVE, Reason.SWITCHED_SERVICE, Reason.OTHER}
BY_PLAN = {Reason.UNUSED, Reason.TOO_COMPLEX}
BY_TALK = {Reason.MISSING_FEATURES, Reason.LOW_QUALITY, Reason.CUSTOMER_SERVICE}
AGAIN_AFTER = timedelta(days=365)


def counter_offer(tenant: TenantRef, reason: str) -> Offer | None:
    """What to offer somebody who leaves for this reason; None: nothing fits. No network."""
    now = current(tenant)
    if not now.is_live or now.choice is None:
        return None
    with public_context():
        if reason in BY_COUPON:
            return _coupon(tenant, now)
        if reason in BY_PLAN:
            return _cheaper(now)
    return Offer("talk") if reason in BY_TALK else None


def _coupon(tenant: TenantRef, now: Current) -> Offer | None:
    """Once a year, where nothing is taken off yet and it would reach an invoice."""
    coupon = Coupon.objects.filter(is_counter_offer=True).exclude(stripe_id="").first()
    kept = Cancellation.objects.filter(tenant_id=tenant.id, outcome=Outcome.KEPT, at__gte=timezone.now() - AGAIN_AFTER)
    if coupon is None or now.discount or kept.exists() or not _reaches(coupon, now):
        return None
    saves = None
    if coupon.percent_off is not None and now.choice and now.choice.interval == Price.Interval.MONTH:
        saves = (now.monthly_excl_vat * coupon.percent_off / 100).quantize(coupon.percent_off)
    return Offer("coupon", coupon.code, coupon.name, saves, details_of(coupon))


def details_of(coupon: Coupon) -> dict[str, str]:
    """percent | amount, months | "" (always), for people's words."""
    return {
        "percent": f"{coupon.percent_off.normalize():f}" if coupon.percent_off else "",
        "amount": str(coupon.amount_off_excl_vat or ""),
        "duration": coupon.duration,
        "months": str(coupon.months or ""),
    }


def _reaches(coupon: Coupon, now: Current) -> bool:
    """A coupon of three months does nothing for who pays in eight."""
    if coupon.duration != Coupon.Duration.REPEATING or now.period_end is None:
        return True
    return now.period_end <= timezone.now() + timedelta(days=30 * (coupon.months or 0))


def _cheaper(now: Current) -> Offer | None:
    rows = {plan.code: plan for plan in Plan.objects.all()}
    mine = rows.get(now.choice.plan if now.choice else "")
    if mine is None:
        return None
    below = [one for one in rows.values() if one.is_offered and one.month_price < mine.month_price]
    if not below:
        return None
    best = max(below, key=lambda one: one.month_price)
    saves = mine.month_price - best.month_price
    if now.choice and now.choice.interval == Price.Interval.YEAR:
        saves = ((mine.year_price - best.year_price) / 12).quantize(saves)
    return Offer("plan", best.code, best.name, saves)


def offer_accept(tenant: TenantRef, code: str, *, reason: str, comment: str, actor: User) -> None:
    """Stay, with the coupon that was offered. Raises `ValidationError` where it is not offered (any more)."""
    with asking():
        with public_context(), turn(tenant.id):
            offer = counter_offer(tenant, reason)
            if offer is None or offer.kind != "coupon" or offer.code != code:
                raise ValidationError(_("Cette offre n’est plus disponible."), code="offer")
            asked: Any = {"discounts": [{"coupon": Coupon.objects.get(code=code).stripe_id}]}
            client().v1.subscriptions.update(require_living(tenant), asked)
            _write(tenant, reason, comment, code, Outcome.KEPT)
        follow_act(tenant.id)
    audit.record("subscription.kept", actor=actor, target=tenant.slug, offer=code)


def cancel(tenant: TenantRef, *, reason: str, comment: str, offer: str, actor: User) -> datetime | None:
    """End the subscription with what is paid for; when that is. `offer`: what was offered and declined."""
    if reason not in Reason.values:
        raise ValidationError(_("Dites-nous pourquoi vous partez."), code="reason")
    with asking():
        with public_context(), turn(tenant.id):
            found = client().v1.subscriptions.retrieve(require_living(tenant))
            if _ends(found):
                raise ValidationError(_("L’abonnement prend déjà fin."), code="ending")
            told: Any = {"feedback": reason, "comment": comment[:1000]}
            client().v1.subscriptions.update(found.id, {**_end(found), "cancellation_details": told})  # type: ignore[arg-type]
            _write(tenant, reason, comment, offer, Outcome.CANCELLED)
        follow_act(tenant.id)
    audit.record("subscription.cancelled", actor=actor, target=tenant.slug, reason=reason)
    return current(tenant).period_end


def _ends(found: stripe.Subscription) -> bool:
    """As Stripe has it: our row may not have heard yet."""
    return found.cancel_at_period_end or found.cancel_at is not None


def _end(found: stripe.Subscription) -> dict[str, Any]:
    """At the period's end; where options are paid by the month beside a year's plan, at the year's."""
    ends = {item.current_period_end for item in found["items"].data}
    return {"cancel_at_period_end": True} if len(ends) == 1 else {"cancel_at": max(ends)}


def resume(tenant: TenantRef, *, actor: User) -> None:
    """Go on, before the end has come. Going on again changes nothing."""
    with asking():
        with public_context(), turn(tenant.id):
            found = client().v1.subscriptions.retrieve(require_living(tenant))
            ended = _ends(found)
            if ended:
                _go_on(found)
                _resumed(tenant)
        follow_act(tenant.id)
    if ended:
        audit.record("subscription.resumed", actor=actor, target=tenant.slug)


def _go_on(found: stripe.Subscription) -> None:
    asked: Any = {"cancel_at_period_end": False} if found.cancel_at_period_end else {"cancel_at": ""}
    client().v1.subscriptions.update(found.id, asked)


def _resumed(tenant: TenantRef) -> None:
    last = Cancellation.objects.filter(tenant_id=tenant.id, outcome=Outcome.CANCELLED).first()
    if last is not None:
        last.outcome = Outcome.RESUMED
        last.save(update_fields=["outcome"])


def _write(tenant: TenantRef, reason: str, comment: str, offer: str, outcome: str) -> None:
    row: Subscription | None = row_of(tenant)
    Cancellation.objects.create(
        tenant_id=tenant.id,
        reason=reason,
        comment=comment[:1000],
        offer=offer,
        outcome=outcome,
        plan_code=row.plan_code if row else "",
    )
