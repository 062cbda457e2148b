"""Our coupons and promotion codes, made known to Stripe. Ours are the truth: what was changed over there is set back.

What a coupon takes off never changes: Stripe refuses it, and so do we. A coupon's id comes from our code, a promotion
code's metadata names our row.
"""

from collections.abc import Iterator
from typing import Any

import stripe
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import Coupon, PromotionCode
from billing.stripe.client import client, is_on
from tenants.context import public_context

Done = tuple[str, str]


def find(code: str, *, first_time: bool) -> PromotionCode:
    """The promotion code that somebody typed, known to Stripe. `first_time`: they never subscribed.

    Raises `ValidationError` where it is unknown, over, used up or not for them, and `stripe.StripeError`.
    """
    row = require_valid(code, first_time=first_time)
    if not row.stripe_id:
        with public_context():
            push_one(row.coupon_id)
            row.refresh_from_db(fields=["stripe_id"])
    if row.max_redemptions is not None and _used(row) >= row.max_redemptions:
        raise ValidationError(_("Ce code a déjà servi autant de fois que prévu."), code="used_up")
    return row


def require_valid(code: str, *, first_time: bool) -> PromotionCode:
    """As `find`, from our own rows alone: how often it was used is for Stripe to say."""
    with public_context():
        row: PromotionCode | None = (
            PromotionCode.objects.select_related("coupon").filter(code__iexact=code.strip()).first()
        )
    if row is None:
        raise ValidationError(_("Ce code n’existe pas : vérifiez-le."), code="unknown")
    if not row.is_active:
        raise ValidationError(_("Ce code n’est plus en vigueur."), code="ended")
    if _is_over(row):
        raise ValidationError(_("Ce code a expiré."), code="expired")
    if row.first_time_only and not first_time:
        raise ValidationError(_("Ce code est réservé à un premier abonnement."), code="first_time")
    return row


def stripe_ids(code: str) -> set[str]:
    """Stripe's id of a promotion code that was typed, where it is one of ours and known there; otherwise none."""
    with public_context():
        rows = PromotionCode.objects.filter(code__iexact=code.strip()).exclude(stripe_id="")
        return set(rows.values_list("stripe_id", flat=True))


def coupon_id(coupon: Coupon) -> str:
    """Its id at Stripe."""
    return f"ruche_{coupon.code}"


def push() -> list[Done]:
    """Make Stripe's coupons and codes say what ours say; what was done. Raises `stripe.StripeError`."""
    return [done for coupon in Coupon.objects.all() for done in _push(coupon)]


def push_one(code: str) -> list[Done]:
    """The same for one coupon and its codes; nothing where Stripe is off. Also a job."""
    with public_context():
        return list(_push(Coupon.objects.get(pk=code))) if is_on() else []


def _push(coupon: Coupon) -> Iterator[Done]:
    yield from _coupon(coupon)
    yield from _codes(coupon)


def _coupon(coupon: Coupon) -> Iterator[Done]:
    key = coupon_id(coupon)
    try:
        there = client().v1.coupons.retrieve(key)
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        client().v1.coupons.create(_as_stripe_has_it(coupon))  # type: ignore[arg-type]
        yield "coupon created", key
    else:
        if there.name != coupon.name:
            client().v1.coupons.update(key, {"name": coupon.name})
            yield "coupon updated", key
    if coupon.stripe_id != key:
        coupon.stripe_id = key
        coupon.save(update_fields=["stripe_id"])


def _as_stripe_has_it(coupon: Coupon) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "id": coupon_id(coupon),
        "name": coupon.name,
        "duration": coupon.duration,
        "metadata": {"ruche_coupon": coupon.code},
    }
    if coupon.percent_off is not None:
        asked["percent_off"] = float(coupon.percent_off)
    elif coupon.amount_off_excl_vat is not None:
        # Two decimals: nothing is rounded.
        asked |= {"amount_off": int(coupon.amount_off_excl_vat * 100), "currency": "eur"}
    if coupon.months is not None:
        asked["duration_in_months"] = coupon.months
    return asked


def _codes(coupon: Coupon) -> Iterator[Done]:
    listed = client().v1.promotion_codes.list({"coupon": coupon_id(coupon), "limit": 100})
    there = list(listed.auto_paging_iter())
    for row in coupon.codes.order_by("id"):
        mine = next((one for one in there if _row_of(one) == str(row.pk)), None)
        if row.is_active and not _is_over(row):
            yield from _in_force(row, mine)
        elif mine is not None and mine.active:
            client().v1.promotion_codes.update(mine.id, {"active": False})
            yield "code archived", row.code


def _in_force(row: PromotionCode, mine: stripe.PromotionCode | None) -> Iterator[Done]:
    if mine is None:
        mine = client().v1.promotion_codes.create(_code_as_stripe_has_it(row))  # type: ignore[arg-type]
        yield "code created", row.code
    elif not mine.active and not _is_used_up(row, mine):
        client().v1.promotion_codes.update(mine.id, {"active": True})
        yield "code put in force", row.code
    if row.stripe_id != mine.id:
        row.stripe_id = mine.id
        row.save(update_fields=["stripe_id"])


def _code_as_stripe_has_it(row: PromotionCode) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "promotion": {"type": "coupon", "coupon": coupon_id(row.coupon)},
        "code": row.code,
        "metadata": {"ruche_code": str(row.pk)},
        "restrictions": {"first_time_transaction": row.first_time_only},
    }
    if row.max_redemptions is not None:
        asked["max_redemptions"] = row.max_redemptions
    if row.expires_at is not None:
        asked["expires_at"] = int(row.expires_at.timestamp())
    return asked


def _row_of(there: stripe.PromotionCode) -> str:
    return there.metadata["ruche_code"] if there.metadata and "ruche_code" in there.metadata else ""


def _is_over(row: PromotionCode) -> bool:
    return row.expires_at is not None and row.expires_at <= timezone.now()


def _is_used_up(row: PromotionCode, there: stripe.PromotionCode) -> bool:
    """Stripe puts such a code aside by itself."""
    return row.max_redemptions is not None and there.times_redeemed >= row.max_redemptions


def _used(row: PromotionCode) -> int:
    return client().v1.promotion_codes.retrieve(row.stripe_id).times_redeemed
