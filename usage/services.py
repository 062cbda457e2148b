"""Quotas (reserve before an act and settle after it, or grow a standing meter) and the ledger of usage events.

    with services.metered("automation_runs"):  # counts one; released where the block fails or the process dies
        run(...)

The SQL of usage/counters.py changes counters: concurrent acts cannot exceed a limit.
"""

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from plans import entitlements
from plans.meters import METERS, STANDING_SLOT, Kind, meter_of, slot_of
from tenants.context import TenantRef, current_tenant, tenant_context
from tenants.ids import new_id
from tenants.selectors import tenant_ref
from tenants.services import require_writable
from ui.days import platform_time
from usage import counters, notices, selectors
from usage.counters import Claim
from usage.models import QuotaCounter, Reservation, UsageEvent
from usage.types import Act, Hold, QuotaExceeded

log = logging.getLogger(__name__)
HOLD_DURATION = dt.timedelta(minutes=15)
DEFAULT_AMOUNT = Decimal(1)


def reserve(act: Act, amounts: dict[str, Decimal]) -> Hold:
    """Reserve the upper bound of an act, by meter and in its unit: for all meters or none.

    Raises `QuotaExceeded` or `ReadOnlyWorkspace`; then nothing is reserved.
    """
    tenant, now = current_tenant(), timezone.now()
    claims = _claims(tenant, amounts, now)
    reservation = Reservation(
        tenant_id=tenant.id,
        act=act.kind,
        reference=act.reference,
        period=platform_time(now).date().replace(day=1),
        amounts={meter: str(amount) for meter, amount in amounts.items()},
        expires_at=now + HOLD_DURATION,
    )
    if not counters.hold(tenant.id, reservation, claims):
        require_writable()
        # Retried even where no counter is missing: another process may have created it since the first attempt.
        _add_missing_counters(tenant, claims)
        if not counters.hold(tenant.id, reservation, claims):
            raise _refusal(tenant, claims)
    return Hold(reservation.pk, dict(amounts))


def _claims(tenant: TenantRef, amounts: dict[str, Decimal], now: dt.datetime) -> list[Claim]:
    rights = entitlements.for_tenant(tenant)
    return [Claim(meter, slot_of(meter, now), amounts[meter], rights.right(meter).ceiling) for meter in sorted(amounts)]


def _add_missing_counters(tenant: TenantRef, claims: Sequence[Claim]) -> None:
    """Create the counters that do not exist yet."""
    existing = selectors.counters_of(tenant.id, {claim.meter: claim.slot for claim in claims})
    missing = [claim for claim in claims if claim.meter not in existing]
    for claim in missing:
        counters.add_counter(tenant.id, claim.meter, claim.slot, selectors.standing_now(claim.meter) or Decimal(0))


def _refusal(tenant: TenantRef, claims: Sequence[Claim]) -> QuotaExceeded:
    """The error for the meter over its ceiling, or for the first limited one where there is room again."""
    gauges = selectors.gauges(tenant, [claim.meter for claim in claims])
    over_ceiling = [
        (gauge, claim)
        for gauge, claim in zip(gauges, claims, strict=True)
        if claim.ceiling is not None and gauge.used + gauge.reserved + claim.amount > claim.ceiling
    ]
    with_ceiling = [candidate for candidate in zip(gauges, claims, strict=True) if candidate[1].ceiling is not None]
    gauge, claim = (over_ceiling or with_ceiling)[0]
    notices.record_refusal(tenant.id, gauge)
    return QuotaExceeded(gauge, entitlements.for_tenant(tenant).plan_name, claim.amount)


def settle(reservation_id: UUID, actual: dict[str, Decimal]) -> bool:
    """Replace a reservation by the actual use, by meter. A second call changes nothing and returns False.

    Use above the reserved bound is recorded too, and logged as an alarm.
    """
    settlement = counters.settle(reservation_id, actual, timezone.now())
    if settlement is None:
        return False
    for change in settlement.changes:
        if change.used_delta > -change.reserved_delta:
            log.error(
                "ALARM act above its bound reservation=%s meter=%s bound=%s used=%s",
                reservation_id,
                change.meter,
                -change.reserved_delta,
                change.used_delta,
            )
    notices.record_crossings(settlement.tenant_id, settlement.changes)
    return True


def grow(meter: str, amount: Decimal | int = DEFAULT_AMOUNT, *, bounded: bool = True) -> None:
    """Add to a standing meter (seats, bytes), in the transaction of the insert and before it.

    A rollback reverts it. Raises `QuotaExceeded`, unless `bounded` is False, for objects that exist already.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("grow() needs a transaction: without one a failure would not give back")
    tenant = current_tenant()
    (claim,) = _claims(tenant, {meter: Decimal(amount)}, timezone.now())
    claim = claim if bounded else claim._replace(ceiling=None)
    change = counters.grow(tenant.id, claim)
    if change is None:
        _add_missing_counters(tenant, [claim])
        change = counters.grow(tenant.id, claim)
    if change is None:
        raise _refusal(tenant, [claim])
    notices.record_crossings(tenant.id, [change])


def shrink(meter: str, amount: Decimal | int = DEFAULT_AMOUNT) -> None:
    """Subtract from a standing meter, in the transaction of the deletion."""
    counters.shrink(current_tenant().id, meter, slot_of(meter), Decimal(amount))


@contextmanager
def metered(meter: str, amount: Decimal | int = DEFAULT_AMOUNT) -> Iterator[None]:
    """Count `amount` of a meter before the block; it is released where the block fails or its process dies.

    A standing meter is counted in the transaction of the block. Raises `QuotaExceeded` or `ReadOnlyWorkspace` first.
    """
    if meter_of(meter).kind is Kind.STANDING:
        with transaction.atomic():
            require_writable()
            grow(meter, amount)
            yield
        return
    hold = reserve(Act("metered", new_id()), {meter: Decimal(amount)})
    try:
        # The savepoint lets `settle` run after a database error of the block in an outer transaction.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            yield
    except BaseException:
        settle(hold.id, {})
        raise
    settle(hold.id, hold.amounts)


def recount_standing() -> int:
    """Correct the counters of standing meters; returns how many were wrong. Scheduled daily."""
    rows = QuotaCounter.objects.filter(meter__in=settings.STANDING_METERS, period=STANDING_SLOT.period)
    return sum(_recount(tenant_id, meter) for tenant_id, meter in list(rows.values_list("tenant_id", "meter")))


def _recount(tenant_id: UUID, meter: str) -> bool:
    try:
        with tenant_context(tenant_ref(tenant_id)), transaction.atomic():
            # A concurrent `grow` either waits for this lock or is counted.
            counter = QuotaCounter.objects.select_for_update().get(
                tenant_id=tenant_id, meter=meter, period=STANDING_SLOT.period
            )
            actual = selectors.standing_now(meter)
            if actual is None or actual == counter.used:
                return False
            log.warning("counter set right tenant=%s meter=%s was=%s is=%s", tenant_id, meter, counter.used, actual)
            counter.used = actual
            counter.save(update_fields=["used"])
            return True
    except Exception:
        log.exception("counter not counted again tenant=%s meter=%s", tenant_id, meter)
        return False


def sweep_hours() -> int:
    """Delete hourly counters from before yesterday; returns their number. Scheduled daily."""
    keys = [meter.key for meter in METERS.values() if meter.kind is Kind.HOUR]
    yesterday = timezone.now().astimezone(dt.UTC).date() - dt.timedelta(days=1)
    return QuotaCounter.objects.filter(meter__in=keys, period__lt=yesterday).delete()[0]


def extend_hold(reference: UUID) -> None:
    """Postpone the expiry of the reservation of an act that is still under way."""
    Reservation.objects.filter(reference=reference, settled_at=None).update(expires_at=timezone.now() + HOLD_DURATION)


def hold_of(reference: UUID) -> Hold | None:
    """The open reservation of an act, by its reference."""
    reservation = Reservation.objects.filter(reference=reference, settled_at=None).first()
    return (
        Hold(reservation.pk, {key: Decimal(value) for key, value in reservation.amounts.items()})
        if reservation
        else None
    )


def meter(**fields: Any) -> UsageEvent | None:
    """Record a usage event of the workspace in context; None where the reference has one already."""
    tenant = current_tenant()
    if UsageEvent.objects.filter(reference=fields["reference"]).exists():
        return None
    return UsageEvent.objects.create(tenant_id=tenant.id, tenant_slug=tenant.slug, **fields)


def settle_abandoned() -> int:
    """Settle expired reservations, left by crashes; returns their number. Scheduled every minute."""
    due = Reservation.objects.filter(settled_at=None, expires_at__lt=timezone.now()).order_by("expires_at")
    settled = 0
    for reservation in due[:500]:
        settled += _settle_one_abandoned(reservation)
    return settled


def _settle_one_abandoned(reservation: Reservation) -> bool:
    if not Reservation.objects.filter(pk=reservation.pk, settled_at=None, expires_at__lt=timezone.now()).exists():
        # Settled or extended since the list was read.
        return False
    name = settings.ABANDONED_ACTS.get(reservation.act)
    close_act: Callable[[UUID], bool] | None = import_string(name) if name else None
    try:
        if close_act is not None:
            with tenant_context(tenant_ref(reservation.tenant_id)):
                if close_act(reservation.reference):
                    return True
        # The actual use is unknown: everything is released.
        log.warning("reservation given back act=%s reference=%s", reservation.act, reservation.reference)
        return settle(reservation.pk, {})
    except Exception:
        log.exception("abandoned reservation not settled id=%s", reservation.pk)
        return False
