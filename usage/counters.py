"""SQL statements that change quota counters. Each is atomic, takes one round trip and is durable when it returns.

The row of a counter is its lock: a conditional UPDATE changes it, so concurrent acts cannot exceed the ceiling.
All statements lock rows in the order of their meters, which prevents deadlocks.
"""

import json
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection

from plans.meters import Slot
from tenants.context import WRITABLE_STATES
from tenants.ids import new_id
from tenants.models import Tenant
from usage.models import QuotaCounter, Reservation


class Claim(NamedTuple):
    """An amount claimed of a meter, in its unit. `ceiling`: the most that may be in use; None is unlimited."""

    meter: str
    slot: Slot
    amount: Decimal
    ceiling: Decimal | None


class CounterChange(NamedTuple):
    """A counter after a change, and the change of `used` and `reserved`. In the meter's unit."""

    meter: str
    used: Decimal
    reserved: Decimal
    used_delta: Decimal
    reserved_delta: Decimal


class Settlement(NamedTuple):
    """The workspace of a settled reservation, and the changes of its counters."""

    tenant_id: UUID
    changes: list[CounterChange]


_COUNTERS: Final = QuotaCounter._meta.db_table
_RESERVATIONS: Final = Reservation._meta.db_table
_STATES: Final = ", ".join(f"'{state}'" for state in sorted(WRITABLE_STATES))
_IS_WRITABLE: Final = f"EXISTS (SELECT FROM {Tenant._meta.db_table} WHERE id = %(tenant)s AND state IN ({_STATES}))"
_INSERT_RESERVATION: Final = (
    f"INSERT INTO {_RESERVATIONS} (id, tenant_id, act, reference, period, amounts, counters, expires_at)"
    " SELECT %(id)s, %(tenant)s, %(act)s, %(reference)s, %(month)s, %(amounts)s::jsonb"
)
# Commits of this transaction wait for the disk, even where the connection turned synchronous_commit off.
_DURABLE: Final = "set_config('synchronous_commit', 'on', true)"

_HOLD_ONE: Final = f"""
WITH moved AS (
  UPDATE {_COUNTERS} SET reserved = reserved + %(amount)s
  WHERE tenant_id = %(tenant)s AND meter = %(meter)s AND period = %(period)s AND hour = %(hour)s
    AND (%(ceiling)s::numeric IS NULL OR used + reserved + %(amount)s <= %(ceiling)s::numeric) AND {_IS_WRITABLE}
  RETURNING id
), held AS (
  {_INSERT_RESERVATION}, jsonb_build_object(%(meter)s::text, moved.id), %(expires)s FROM moved RETURNING id
)
SELECT {_DURABLE} FROM held"""

_HOLD_ALL: Final = f"""
WITH wanted AS (
  SELECT * FROM jsonb_to_recordset(%(wanted)s::jsonb)
    AS w(meter text, period date, hour smallint, amount numeric, ceiling numeric)
), locked AS (
  SELECT c.id, c.meter, c.used, c.reserved, w.amount, w.ceiling FROM {_COUNTERS} c
  JOIN wanted w ON c.meter = w.meter AND c.period = w.period AND c.hour = w.hour
  WHERE c.tenant_id = %(tenant)s ORDER BY c.meter FOR UPDATE OF c
), fits AS (
  SELECT count(*) = (SELECT count(*) FROM wanted)
    AND coalesce(bool_and(ceiling IS NULL OR used + reserved + amount <= ceiling), true) AS so FROM locked
), moved AS (
  UPDATE {_COUNTERS} c SET reserved = c.reserved + l.amount FROM locked l
  WHERE c.id = l.id AND (SELECT so FROM fits) AND {_IS_WRITABLE}
  RETURNING c.id, c.meter
), held AS (
  {_INSERT_RESERVATION}, (SELECT jsonb_object_agg(meter, id) FROM moved), %(expires)s
  WHERE (SELECT count(*) FROM moved) = (SELECT count(*) FROM wanted) AND {_IS_WRITABLE} RETURNING id
)
SELECT {_DURABLE} FROM held"""

_SETTLE: Final = f"""
WITH done AS (
  UPDATE {_RESERVATIONS} SET settled_at = %(now)s WHERE id = %(id)s AND settled_at IS NULL
  RETURNING tenant_id, period, amounts, counters
), part AS (
  SELECT m.key AS meter, m.value::numeric AS bound, coalesce((%(actual)s::jsonb ->> m.key)::numeric, 0) AS actual,
    coalesce((d.counters ->> m.key)::uuid, (SELECT c.id FROM {_COUNTERS} c WHERE c.tenant_id = d.tenant_id
      AND c.meter = m.key AND c.period = d.period AND c.hour = 0)) AS counter
  FROM done d, jsonb_each_text(d.amounts) m
), locked AS (
  SELECT c.id, p.bound, p.actual FROM {_COUNTERS} c JOIN part p ON c.id = p.counter ORDER BY c.meter FOR UPDATE OF c
), moved AS (
  UPDATE {_COUNTERS} c SET reserved = greatest(c.reserved - l.bound, 0), used = c.used + l.actual
  FROM locked l WHERE c.id = l.id RETURNING c.meter, c.used, c.reserved, l.actual, l.bound
)
SELECT {_DURABLE}, done.tenant_id, moved.meter, moved.used, moved.reserved, moved.actual, -moved.bound
FROM done LEFT JOIN moved ON true"""

_GROW: Final = f"""
UPDATE {_COUNTERS} SET used = used + %(amount)s
WHERE tenant_id = %(tenant)s AND meter = %(meter)s AND period = %(period)s AND hour = %(hour)s
  AND (%(ceiling)s::numeric IS NULL OR used + reserved + %(amount)s <= %(ceiling)s::numeric)
RETURNING meter, used, reserved, %(amount)s::numeric, 0::numeric"""

_SHRINK: Final = f"""
UPDATE {_COUNTERS} SET used = greatest(used - %(amount)s, 0)
WHERE tenant_id = %(tenant)s AND meter = %(meter)s AND period = %(period)s AND hour = %(hour)s"""

_ADD_COUNTER: Final = f"""
INSERT INTO {_COUNTERS} (id, tenant_id, meter, period, hour, used, reserved)
VALUES (%(id)s, %(tenant)s, %(meter)s, %(period)s, %(hour)s, %(used)s, 0) ON CONFLICT DO NOTHING"""


def hold(tenant_id: UUID, reservation: Reservation, claims: Iterable[Claim]) -> bool:
    """Reserve all claims and insert the reservation. False, and no change, where one does not fit or the workspace is
    read-only.
    """
    claims = list(claims)
    values: dict[str, Any] = {
        "id": reservation.pk,
        "tenant": tenant_id,
        "act": reservation.act,
        "reference": reservation.reference,
        "month": reservation.period,
        "amounts": json.dumps(reservation.amounts),
        "expires": reservation.expires_at,
    }
    if len(claims) == 1:
        return bool(_fetch_all(_HOLD_ONE, values | _claim_values(claims[0])))
    claim_rows = [
        {
            "meter": claim.meter,
            "period": claim.slot.period.isoformat(),
            "hour": claim.slot.hour,
            "amount": str(claim.amount),
            "ceiling": None if claim.ceiling is None else str(claim.ceiling),
        }
        for claim in claims
    ]
    return bool(_fetch_all(_HOLD_ALL, values | {"wanted": json.dumps(claim_rows)}))


def settle(reservation_id: UUID, actual: dict[str, Decimal], now: datetime) -> Settlement | None:
    """Replace the reserved amounts by the actual ones. None where the reservation is settled already or missing."""
    actual_json = json.dumps({meter: str(amount) for meter, amount in actual.items()})
    rows = _fetch_all(_SETTLE, {"id": reservation_id, "now": now, "actual": actual_json})
    if not rows:
        return None
    return Settlement(rows[0][1], [CounterChange(*row[2:]) for row in rows if row[2] is not None])


def grow(tenant_id: UUID, claim: Claim) -> CounterChange | None:
    """Add to a counter in the caller's transaction. None where the claim does not fit or there is no counter."""
    rows = _fetch_all(_GROW, _claim_values(claim) | {"tenant": tenant_id})
    return CounterChange(*rows[0]) if rows else None


def shrink(tenant_id: UUID, meter: str, slot: Slot, amount: Decimal) -> None:
    """Subtract from a counter, down to zero, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_SHRINK, _claim_values(Claim(meter, slot, amount, None)) | {"tenant": tenant_id})


def add_counter(tenant_id: UUID, meter: str, slot: Slot, used: Decimal) -> bool:
    """Create the counter of a meter; False where it exists."""
    values = _claim_values(Claim(meter, slot, Decimal(0), None)) | {"id": new_id(), "tenant": tenant_id, "used": used}
    with connection.cursor() as cursor:
        cursor.execute(_ADD_COUNTER, values)
        return bool(cursor.rowcount)


def _claim_values(claim: Claim) -> dict[str, Any]:
    return {
        "meter": claim.meter,
        "period": claim.slot.period,
        "hour": claim.slot.hour,
        "amount": claim.amount,
        "ceiling": claim.ceiling,
    }


def _fetch_all(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
