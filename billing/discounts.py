"""The operator's services for coupons and promotion codes.

The amount and duration of a coupon never change; another coupon replaces it. A job pushes each change to Stripe.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import audit
from accounts.models import User
from billing.models import Coupon, PromotionCode
from tenants.context import public_context
from tenants.queue import enqueue

Duration = Coupon.Duration
PUSH_JOB = "billing.stripe.coupons.push_one"
# A subset of what Stripe accepts in a promotion code (letters, digits, dashes), easy to type.
# https://docs.stripe.com/api/promotion_codes/create
CODE_PATTERN = re.compile(r"[A-Z0-9-]{3,40}")


def coupon_add(
    *,
    code: str,
    name: str,
    actor: User,
    percent_off: Decimal | None = None,
    amount_off_excl_vat: Decimal | None = None,
    duration: str = Duration.ONCE,
    months: int | None = None,
    is_counter_offer: bool = False,
) -> Coupon:
    """Create a coupon of either a percentage (0 to 100) or an amount in euros without VAT.

    `months`: only with the duration "repeating". With `is_counter_offer` it replaces the present counter-offer. Raises
    `ValidationError` with the messages of each field.
    """
    row = Coupon(code=code.strip().lower(), name=name.strip(), duration=duration, months=months)
    row.percent_off, row.amount_off_excl_vat = percent_off, amount_off_excl_vat
    _validate(row)
    with public_context(), transaction.atomic():
        if Coupon.objects.filter(pk=row.code).exists():
            raise ValidationError({"code": _("Ce code existe déjà.")})
        row.full_clean()
        row.save(force_insert=True)
        audit.record("coupon.added", actor=actor, target=row.code, **_audit_details(row))
        if is_counter_offer:
            _make_counter_offer(row, actor)
        _enqueue_push(row.code)
    return row


def coupon_offer(*, code: str, actor: User) -> None:
    """Make a coupon the counter-offer on cancellation, instead of the present one. Idempotent."""
    with public_context(), transaction.atomic():
        row = _lock_coupon(code)
        if not row.is_counter_offer:
            _make_counter_offer(row, actor)


def coupon_end(*, code: str, reason: str, actor: User) -> None:
    """Deactivate a coupon's codes and stop offering it. Subscriptions that have the coupon keep it. Idempotent."""
    with public_context(), transaction.atomic():
        row = _lock_coupon(code)
        ended = row.codes.filter(is_active=True).update(is_active=False)
        if not ended and not row.is_counter_offer:
            return
        row.is_counter_offer = False
        row.save(update_fields=["is_counter_offer"])
        audit.record("coupon.ended", actor=actor, target=row.code, codes=ended, reason=reason)
        _enqueue_push(row.code)


def code_add(
    *,
    coupon: str,
    code: str,
    actor: User,
    first_time_only: bool = False,
    max_redemptions: int | None = None,
    expires_at: datetime | None = None,
) -> PromotionCode:
    """Create a promotion code for a coupon; it is stored in capitals without spaces.

    Raises `ValidationError` with the messages of each field.
    """
    normalized = "".join(code.split()).upper()
    if not CODE_PATTERN.fullmatch(normalized):
        raise ValidationError({"code": _("De 3 à 40 lettres sans accent, chiffres ou tirets.")})
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError({"expires_at": _("La date de fin est déjà passée.")})
    with public_context(), transaction.atomic():
        # The coupon is locked before the check, so that concurrent calls do not both find the code free.
        coupon_row = _lock_coupon(coupon)
        if PromotionCode.objects.filter(code__iexact=normalized).exists():
            raise ValidationError({"code": _("Ce code existe déjà.")})
        row = PromotionCode(coupon=coupon_row, code=normalized, first_time_only=first_time_only)
        row.max_redemptions, row.expires_at = max_redemptions, expires_at
        row.full_clean()
        row.save()
        audit.record(
            "promotion_code.added",
            actor=actor,
            target=normalized,
            **_without_empty(coupon=coupon_row.code, until=_day(row)),
        )
        _enqueue_push(coupon_row.code)
    return row


def code_end(*, code_id: Any, reason: str, actor: User) -> None:
    """Deactivate a promotion code. Idempotent."""
    with public_context(), transaction.atomic():
        row = PromotionCode.objects.select_for_update().get(pk=code_id)
        if row.is_active:
            row.is_active = False
            row.save(update_fields=["is_active"])
            audit.record("promotion_code.ended", actor=actor, target=row.code, coupon=row.coupon_id, reason=reason)
            _enqueue_push(row.coupon_id)


def _validate(row: Coupon) -> None:
    if (row.percent_off is None) == (row.amount_off_excl_vat is None):
        raise ValidationError({"percent_off": _("Donnez un pourcentage ou un montant, l’un des deux.")})
    if row.percent_off is not None and not 0 < row.percent_off <= 100:
        raise ValidationError({"percent_off": _("Un pourcentage va de 0 à 100.")})
    if row.amount_off_excl_vat is not None and row.amount_off_excl_vat <= 0:
        raise ValidationError({"amount_off_excl_vat": _("Donnez un montant au-dessus de zéro.")})
    if row.duration == Duration.REPEATING and not row.months:
        raise ValidationError({"months": _("Donnez le nombre de mois.")})
    if row.duration != Duration.REPEATING and row.months is not None:
        raise ValidationError({"months": _("Un nombre de mois va avec « plusieurs mois ».")})


def _make_counter_offer(row: Coupon, actor: User) -> None:
    """Replace the counter-offer, in the caller's transaction. A constraint allows one coupon at most."""
    Coupon.objects.filter(is_counter_offer=True).update(is_counter_offer=False)
    row.is_counter_offer = True
    row.save(update_fields=["is_counter_offer"])
    audit.record("coupon.offered", actor=actor, target=row.code)


def _lock_coupon(code: str) -> Coupon:
    row: Coupon = Coupon.objects.select_for_update().get(pk=code)
    return row


def _audit_details(row: Coupon) -> dict[str, str]:
    reduction = f"{row.percent_off:f} %" if row.percent_off is not None else f"{row.amount_off_excl_vat:f} EUR"
    return _without_empty(off=reduction, duration=row.duration, months=row.months)


def _day(row: PromotionCode) -> str:
    return timezone.localtime(row.expires_at).date().isoformat() if row.expires_at else ""


def _without_empty(**details: Any) -> dict[str, Any]:
    return {key: value for key, value in details.items() if value not in ("", None)}


def _enqueue_push(code: str) -> None:
    """Enqueue the push to Stripe, which runs after the commit and does nothing if Stripe is off."""
    enqueue(PUSH_JOB, code=code)
