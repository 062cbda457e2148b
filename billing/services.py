"""Quotas (reserve before an act, settle after it) and the ledger of acts.

A counter moves by one conditional UPDATE, with `synchronous_commit` on: it cannot overshoot, whatever runs beside it.
"""

import datetime as dt
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from billing import selectors
from billing.models import Plan, QuotaCounter, Reservation, UsageEvent
from billing.types import Act, Held, QuotaExceeded
from config import lifecycle
from tenants.context import TenantRef, current_tenant, public_context, tenant_context
from tenants.ids import new_id
from tenants.selectors import tenant_ref
from tenants.services import require_writable

log = logging.getLogger(__name__)
HOLD = dt.timedelta(minutes=15)


def open_tenant(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "made": the plan must exist. Raises `ValidationError`."""
    with public_context():
        if not Plan.objects.filter(code=tenant.plan_code).exists():
            known = ", ".join(Plan.objects.values_list("code", flat=True))
            raise ValidationError(
                _("L’offre « %(plan)s » n’existe pas. Offres : %(known)s."),
                code="plan_unknown",
                params={"plan": tenant.plan_code, "known": known},
            )


def has_entitlement(tenant: TenantRef, key: str) -> bool:
    """True where the plan allows some of `key`."""
    limit = selectors.limit_of(tenant, key)
    return limit is None or limit > 0


def reserve(act: Act, amounts: dict[str, Decimal]) -> Held:
    """Hold an act's upper bound against the month's quotas: all meters, or none.

    Raises `QuotaExceeded` (nothing is held then) or `ReadOnlyWorkspace`.
    """
    tenant = require_writable()
    period = selectors.this_period()
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = on")
        # One order of locks for everybody.
        for meter in sorted(amounts):
            _hold(tenant, meter, period, amounts[meter])
        row = Reservation.objects.create(
            tenant_id=tenant.id,
            act=act.kind,
            reference=act.reference,
            period=period,
            amounts={meter: str(amount) for meter, amount in amounts.items()},
            expires_at=timezone.now() + HOLD,
        )
    return Held(row.pk, dict(amounts))


def _hold(tenant: TenantRef, meter: str, period: dt.date, amount: Decimal) -> None:
    limit = selectors.limit_of(tenant, meter)
    if not _try_hold(tenant.id, meter, period, amount, limit):
        gauge = selectors.gauge(tenant, meter)
        raise QuotaExceeded(gauge, selectors.plan_of(tenant)["name"], amount)


def _try_hold(tenant_id: UUID, meter: str, period: dt.date, amount: Decimal, limit: Decimal | None) -> bool:
    table = QuotaCounter._meta.db_table
    with connection.cursor() as cursor:
        for attempt in (1, 2):
            cursor.execute(
                f"UPDATE {table} SET reserved = reserved + %s"
                " WHERE tenant_id = %s AND meter = %s AND period = %s"
                " AND (%s::numeric IS NULL OR used + reserved + %s <= %s)",
                [amount, tenant_id, meter, period, limit, amount, limit],
            )
            if cursor.rowcount:
                return True
            if attempt == 1:
                cursor.execute(
                    f"INSERT INTO {table} (id, tenant_id, meter, period, used, reserved)"
                    " VALUES (%s, %s, %s, %s, 0, 0) ON CONFLICT DO NOTHING",
                    [new_id(), tenant_id, meter, period],
                )
    return False


def settle(held_id: UUID, actual: dict[str, Decimal]) -> bool:
    """Replace a reservation by what was used. A second call changes nothing and returns False.

    What was used above its bound is recorded all the same, and alarmed.
    """
    with transaction.atomic():
        row = Reservation.objects.select_for_update().filter(pk=held_id).first()
        if row is None or row.settled_at is not None:
            return False
        row.settled_at = timezone.now()
        row.save(update_fields=["settled_at"])
        for meter in sorted(row.amounts):
            _settle_meter(row, meter, Decimal(row.amounts[meter]), actual.get(meter, Decimal(0)))
    return True


def _settle_meter(row: Reservation, meter: str, bound: Decimal, used: Decimal) -> None:
    if used > bound:
        log.error("ALARM act above its bound reservation=%s meter=%s bound=%s used=%s", row.pk, meter, bound, used)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {QuotaCounter._meta.db_table} SET reserved = greatest(reserved - %s, 0), used = used + %s"
            " WHERE tenant_id = %s AND meter = %s AND period = %s",
            [bound, used, row.tenant_id, meter, row.period],
        )


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
    name = lifecycle.ABANDONED_ACTS.get(row.act)
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
