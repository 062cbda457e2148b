"""Pushes our coupons and promotion codes to Stripe. Our rows decide: changes made at Stripe are undone.

The amount of a coupon never changes: neither Stripe nor we allow it. A coupon's id at Stripe is made from our code; the
metadata of a promotion code hold the id of our row.
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

Action = tuple[str, str]


def find_redeemable(code: str, *, first_time: bool) -> PromotionCode:
    """The promotion code of a typed text, pushed to Stripe if needed. `first_time`: the workspace never subscribed.

    Raises `ValidationError` if the code is unknown, inactive, expired, used up or only for a first subscription;
    `stripe.StripeError`.
    """
    row = require_valid(code, first_time=first_time)
    if not row.stripe_id:
        with public_context():
            push_one(row.coupon_id)
            row.refresh_from_db(fields=["stripe_id"])
    if row.max_redemptions is not None and _times_redeemed(row) >= row.max_redemptions:
        raise ValidationError(_("Ce code a déjà servi autant de fois que prévu."), code="used_up")
    return row


def require_valid(code: str, *, first_time: bool) -> PromotionCode:
    """As `find_redeemable`, from our own rows only; the number of uses, which only Stripe has, is not checked."""
    with public_context():
        row: PromotionCode | None = (
            PromotionCode.objects.select_related("coupon").filter(code__iexact=code.strip()).first()
        )
    if row is None:
        raise ValidationError(_("Ce code n’existe pas : vérifiez-le."), code="unknown")
    if not row.is_active:
        raise ValidationError(_("Ce code n’est plus en vigueur."), code="ended")
    if _is_expired(row):
        raise ValidationError(_("Ce code a expiré."), code="expired")
    if row.first_time_only and not first_time:
        raise ValidationError(_("Ce code est réservé à un premier abonnement."), code="first_time")
    return row


def stripe_ids(code: str) -> set[str]:
    """Stripe's id of a typed promotion code as a set of one; empty if the code is unknown or not pushed."""
    with public_context():
        rows = PromotionCode.objects.filter(code__iexact=code.strip()).exclude(stripe_id="")
        return set(rows.values_list("stripe_id", flat=True))


def coupon_id(coupon: Coupon) -> str:
    """The coupon's id at Stripe."""
    return f"ruche_{coupon.code}"


def push() -> list[Action]:
    """Push all coupons and codes; return the actions taken. Raises `stripe.StripeError`."""
    return [action for coupon in Coupon.objects.all() for action in _push_all_of(coupon)]


def push_one(code: str) -> list[Action]:
    """Push one coupon and its codes; nothing if Stripe is off. Also a job. Raises `stripe.StripeError`."""
    with public_context():
        return list(_push_all_of(Coupon.objects.get(pk=code))) if is_on() else []


def _push_all_of(coupon: Coupon) -> Iterator[Action]:
    yield from _push_coupon(coupon)
    yield from _push_codes(coupon)


def _push_coupon(coupon: Coupon) -> Iterator[Action]:
    key = coupon_id(coupon)
    try:
        existing = client().v1.coupons.retrieve(key)
    except stripe.InvalidRequestError as error:
        if error.code != "resource_missing":
            raise
        client().v1.coupons.create(_coupon_parameters(coupon))  # type: ignore[arg-type]
        yield "coupon created", key
    else:
        if existing.name != coupon.name:
            client().v1.coupons.update(key, {"name": coupon.name})
            yield "coupon updated", key
    if coupon.stripe_id != key:
        coupon.stripe_id = key
        coupon.save(update_fields=["stripe_id"])


def _coupon_parameters(coupon: Coupon) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "id": coupon_id(coupon),
        "name": coupon.name,
        "duration": coupon.duration,
        "metadata": {"ruche_coupon": coupon.code},
    }
    if coupon.percent_off is not None:
        parameters["percent_off"] = float(coupon.percent_off)
    elif coupon.amount_off_excl_vat is not None:
        # The column has two decimals, so the cents are exact.
        parameters |= {"amount_off": int(coupon.amount_off_excl_vat * 100), "currency": "eur"}
    if coupon.months is not None:
        parameters["duration_in_months"] = coupon.months
    return parameters


def _push_codes(coupon: Coupon) -> Iterator[Action]:
    codes = client().v1.promotion_codes.list({"coupon": coupon_id(coupon), "limit": 100})
    existing = list(codes.auto_paging_iter())
    for row in coupon.codes.order_by("id"):
        stripe_code = next((candidate for candidate in existing if _row_of(candidate) == str(row.pk)), None)
        if row.is_active and not _is_expired(row):
            yield from _push_active(row, stripe_code)
        elif stripe_code is not None and stripe_code.active:
            client().v1.promotion_codes.update(stripe_code.id, {"active": False})
            yield "code archived", row.code


def _push_active(row: PromotionCode, stripe_code: stripe.PromotionCode | None) -> Iterator[Action]:
    if stripe_code is None:
        stripe_code = client().v1.promotion_codes.create(_code_parameters(row))  # type: ignore[arg-type]
        yield "code created", row.code
    elif not stripe_code.active and not _is_used_up(row, stripe_code):
        client().v1.promotion_codes.update(stripe_code.id, {"active": True})
        yield "code put in force", row.code
    if row.stripe_id != stripe_code.id:
        row.stripe_id = stripe_code.id
        row.save(update_fields=["stripe_id"])


def _code_parameters(row: PromotionCode) -> dict[str, Any]:
    parameters: dict[str, Any] = {
        "promotion": {"type": "coupon", "coupon": coupon_id(row.coupon)},
        "code": row.code,
        "metadata": {"ruche_code": str(row.pk)},
        "restrictions": {"first_time_transaction": row.first_time_only},
    }
    if row.max_redemptions is not None:
        parameters["max_redemptions"] = row.max_redemptions
    if row.expires_at is not None:
        parameters["expires_at"] = int(row.expires_at.timestamp())
    return parameters


def _row_of(existing: stripe.PromotionCode) -> str:
    return existing.metadata["ruche_code"] if existing.metadata and "ruche_code" in existing.metadata else ""


def _is_expired(row: PromotionCode) -> bool:
    return row.expires_at is not None and row.expires_at <= timezone.now()


def _is_used_up(row: PromotionCode, existing: stripe.PromotionCode) -> bool:
    """True if all redemptions are used: Stripe has deactivated the code, which is then not an outside change."""
    return row.max_redemptions is not None and existing.times_redeemed >= row.max_redemptions


def _times_redeemed(row: PromotionCode) -> int:
    return client().v1.promotion_codes.retrieve(row.stripe_id).times_redeemed
