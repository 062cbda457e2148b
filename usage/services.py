"""Quotas (reserve before an act, settle after it; or grow what stands) and the ledger of acts.

    with services.metered("automation_runs"):   # one of them, given back where the block fails or the process dies
        run(...)

Counters move by the statements of usage/counters.py: they cannot overshoot, whatever runs beside them.
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
from plans.meters import METERS, STANDS, Kind, meter_of, slot_of
from tenants.context import TenantRef, current_tenant, tenant_context
from tenants.ids import new_id
from tenants.selectors import tenant_ref
from tenants.services import require_writable
from usage import counters, notices, selectors
from usage.counters import Wish
from usage.models import QuotaCounter, Reservation, UsageEvent
from usage.types import Act, Held, QuotaExceeded

log = logging.getLogger(__name__)
HOLD = dt.timedelta(minutes=15)
ONE = Decimal(1)


def reserve(act: Act, amounts: dict[str, Decimal]) -> Held:
    """Hold an act's upper bound, by meter and in its unit: all meters, or none.

    Raises `QuotaExceeded` (nothing is held then) or `ReadOnlyWorkspace`.
    """
    tenant, now = current_tenant(), timezone.now()
    wishes = _wishes(tenant, amounts, now)
    row = Reservation(
        tenant_id=tenant.id,
        act=act.kind,
        reference=act.reference,
        period=timezone.localtime(now).date().replace(day=1),
        amounts={meter: str(amount) for meter, amount in amounts.items()},
        expires_at=now + HOLD,
    )
    if not counters.hold(tenant.id, row, wishes):
        require_writable()
        # Somebody else may have made the counters between our try and our look: it is tried again in any case.
        _add_missing(tenant, wishes)
        if not counters.hold(tenant.id, row, wishes):
            raise _refusal(tenant, wishes)
    return Held(row.pk, dict(amounts))


def _wishes(tenant: TenantRef, amounts: dict[str, Decimal], now: dt.datetime) -> list[Wish]:
    rights = entitlements.of(tenant)
    return [Wish(meter, slot_of(meter, now), amounts[meter], rights.right(meter).ceiling) for meter in sorted(amounts)]


def _add_missing(tenant: TenantRef, wishes: Sequence[Wish]) -> None:
    """Make the counters that are not there yet."""
    there = selectors.counters_of(tenant.id, {wish.meter: wish.slot for wish in wishes})
    missing = [wish for wish in wishes if wish.meter not in there]
    for wish in missing:
        counters.add_counter(tenant.id, wish.meter, wish.slot, selectors.standing_now(wish.meter) or Decimal(0))


def _refusal(tenant: TenantRef, wishes: Sequence[Wish]) -> QuotaExceeded:
    """Which meter had no room; the first with a limit where there is room again by now."""
    gauges = selectors.gauges(tenant, [wish.meter for wish in wishes])
    full = [
        (gauge, wish)
        for gauge, wish in zip(gauges, wishes, strict=True)
        if wish.ceiling is not None and gauge.used + gauge.reserved + wish.amount > wish.ceiling
    ]
    limited = [pair for pair in zip(gauges, wishes, strict=True) if pair[1].ceiling is not None]
    gauge, wish = (full or limited)[0]
    notices.was_refused(tenant.id, gauge)
    return QuotaExceeded(gauge, entitlements.of(tenant).plan_name, wish.amount)


def settle(held_id: UUID, actual: dict[str, Decimal]) -> bool:
    """Replace a reservation by what was used, by meter. A second call changes nothing and returns False.

    What was used above its bound is recorded all the same, and alarmed.
    """
    done = counters.settle(held_id, actual, timezone.now())
    if done is None:
        return False
    for moved in done.moved:
        if moved.used_by > -moved.reserved_by:
            log.error(
                "ALARM act above its bound reservation=%s meter=%s bound=%s used=%s",
                held_id,
                moved.meter,
                -moved.reserved_by,
                moved.used_by,
            )
    notices.watch(done.tenant_id, done.moved)
    return True


def grow(meter: str, amount: Decimal | int = ONE, *, bounded: bool = True) -> None:
    """Count more of what stands (places, bytes), in the transaction of what makes it and before it is made.

    A rollback gives it back. Raises `QuotaExceeded`; never where not `bounded`: what is there already is counted.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("grow() needs a transaction: without one a failure would not give back")
    tenant = current_tenant()
    (wish,) = _wishes(tenant, {meter: Decimal(amount)}, timezone.now())
    wish = wish if bounded else wish._replace(ceiling=None)
    moved = counters.grow(tenant.id, wish)
    if moved is None:
        _add_missing(tenant, [wish])
        moved = counters.grow(tenant.id, wish)
    if moved is None:
        raise _refusal(tenant, [wish])
    notices.watch(tenant.id, [moved])


def shrink(meter: str, amount: Decimal | int = ONE) -> None:
    """Count less of what stands, in the transaction of what removes it."""
    counters.shrink(current_tenant().id, meter, slot_of(meter), Decimal(amount))


@contextmanager
def metered(meter: str, amount: Decimal | int = ONE) -> Iterator[None]:
    """Count `amount` of a meter for the block: before it, and given back where it fails or its process dies.

    What stands is counted in the block's own transaction. Raises `QuotaExceeded` or `ReadOnlyWorkspace` before it.
    """
    if meter_of(meter).kind is Kind.STANDING:
        with transaction.atomic():
            require_writable()
            grow(meter, amount)
            yield
        return
    held = reserve(Act("metered", new_id()), {meter: Decimal(amount)})
    try:
        # Inside a transaction, an error of the database in the block must not keep us from settling.
        with transaction.atomic() if connection.in_atomic_block else nullcontext():
            yield
    except BaseException:
        settle(held.id, {})
        raise
    settle(held.id, held.amounts)


def recount_standing() -> int:
    """Set the counters of what stands to what there is; how many were wrong. Scheduled daily."""
    rows = QuotaCounter.objects.filter(meter__in=settings.STANDING_METERS, period=STANDS.period)
    return sum(_recount(tenant_id, meter) for tenant_id, meter in list(rows.values_list("tenant_id", "meter")))


def _recount(tenant_id: UUID, meter: str) -> bool:
    try:
        with tenant_context(tenant_ref(tenant_id)), transaction.atomic():
            # Whoever grows waits here, or is counted.
            row = QuotaCounter.objects.select_for_update().get(tenant_id=tenant_id, meter=meter, period=STANDS.period)
            found = selectors.standing_now(meter)
            if found is None or found == row.used:
                return False
            log.warning("counter set right tenant=%s meter=%s was=%s is=%s", tenant_id, meter, row.used, found)
            row.used = found
            row.save(update_fields=["used"])
            return True
    except Exception:
        log.exception("counter not counted again tenant=%s meter=%s", tenant_id, meter)
        return False


def sweep_hours() -> int:
    """Remove the counters of hours of former days; how many. Scheduled daily."""
    keys = [meter.key for meter in METERS.values() if meter.kind is Kind.HOUR]
    yesterday = timezone.now().astimezone(dt.UTC).date() - dt.timedelta(days=1)
    return QuotaCounter.objects.filter(meter__in=keys, period__lt=yesterday).delete()[0]


def extend_act(reference: UUID) -> None:
    """Keep an act's reservation open: it is still under way."""
    Reservation.objects.filter(reference=reference, settled_at=None).update(expires_at=timezone.now() + HOLD)


def held_by(reference: UUID) -> Held | None:
    """The open reservation of an act, by the key of the row it makes."""
    row = Reservation.objects.filter(reference=reference, settled_at=None).first()
    return Held(row.pk, {key: Decimal(value) for key, value in row.amounts.items()}) if row else None


def meter(**fields: Any) -> UsageEvent | None:
    """Write one usage event of the workspace in context; a second one of the same reference is refused: None."""
    tenant = current_tenant()
    if UsageEvent.objects.filter(reference=fields["reference"]).exists():
        return None
    return UsageEvent.objects.create(tenant_id=tenant.id, tenant_slug=tenant.slug, **fields)


def settle_abandoned() -> int:
    """Settle reservations whose act was left by a crash; how many. Scheduled every minute."""
    due = Reservation.objects.filter(settled_at=None, expires_at__lt=timezone.now()).order_by("expires_at")
    settled = 0
    for row in due[:500]:
        settled += _settle_one_abandoned(row)
    return settled


def _settle_one_abandoned(row: Reservation) -> bool:
    if not Reservation.objects.filter(pk=row.pk, settled_at=None, expires_at__lt=timezone.now()).exists():
        # Ended, or found to be under way, since it was listed.
        return False
    name = settings.ABANDONED_ACTS.get(row.act)
    closer: Callable[[UUID], bool] | None = import_string(name) if name else None
    try:
        if closer is not None:
            with tenant_context(tenant_ref(row.tenant_id)):
                if closer(row.reference):
                    return True
        # Nothing is known of what it used: it gives all back, and says so.
        log.warning("reservation given back act=%s reference=%s", row.act, row.reference)
        return settle(row.pk, {})
    except Exception:
        log.exception("abandoned reservation not settled id=%s", row.pk)
        return False
