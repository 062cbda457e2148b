"""The statements that move counters. Each is one round trip, whole or not at all, and on the disk when it answers.

A counter's row is the lock: it is moved by a conditional UPDATE, so whatever runs beside it, no more is given than
there is. Rows are locked in the order of their meters, by everybody.
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


class Wish(NamedTuple):
    """An amount wanted of a meter, in its unit. `ceiling`: where use stops; None: nowhere."""

    meter: str
    slot: Slot
    amount: Decimal
    ceiling: Decimal | None


class Moved(NamedTuple):
    """A counter as it stands after a move, and by how much `used` and `reserved` moved. In the meter's unit."""

    meter: str
    used: Decimal
    reserved: Decimal
    used_by: Decimal
    reserved_by: Decimal


class Settled(NamedTuple):
    """A reservation settled: whose it was, and its counters."""

    tenant_id: UUID
    moved: list[Moved]


_COUNTERS: Final = QuotaCounter._meta.db_table
_HELD: Final = Reservation._meta.db_table
_STATES: Final = ", ".join(f"'{state}'" for state in sorted(WRITABLE_STATES))
_MAY_WRITE: Final = f"EXISTS (SELECT FROM {Tenant._meta.db_table} WHERE id = %(tenant)s AND state IN ({_STATES}))"
_NEW: Final = (
    f"INSERT INTO {_HELD} (id, tenant_id, act, reference, period, amounts, counters, expires_at)"
    " SELECT %(id)s, %(tenant)s, %(act)s, %(reference)s, %(month)s, %(amounts)s::jsonb"
)
# What is given is on the disk, whatever the connection was told before. Until the end of the transaction.
_DURABLE: Final = "set_config('synchronous_commit', 'on', true)"

_HOLD_ONE: Final = f"""
WITH moved AS (
  UPDATE {_COUNTERS} SET reserved = reserved + %(amount)s
  WHERE tenant_id = %(tenant)s AND meter = %(meter)s AND period = %(period)s AND hour = %(hour)s
    AND (%(ceiling)s::numeric IS NULL OR used + reserved + %(amount)s <= %(ceiling)s::numeric) AND {_MAY_WRITE}
  RETURNING id
), held AS (
  {_NEW}, jsonb_build_object(%(meter)s::text, moved.id), %(expires)s FROM moved RETURNING id
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
  WHERE c.id = l.id AND (SELECT so FROM fits) AND {_MAY_WRITE}
  RETURNING c.id, c.meter
), held AS (
  {_NEW}, (SELECT jsonb_object_agg(meter, id) FROM moved), %(expires)s
  WHERE (SELECT count(*) FROM moved) = (SELECT count(*) FROM wanted) AND {_MAY_WRITE} RETURNING id
)
SELECT {_DURABLE} FROM held"""

_SETTLE: Final = f"""
WITH done AS (
  UPDATE {_HELD} SET settled_at = %(now)s WHERE id = %(id)s AND settled_at IS NULL
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

_ADD: Final = f"""
INSERT INTO {_COUNTERS} (id, tenant_id, meter, period, hour, used, reserved)
VALUES (%(id)s, %(tenant)s, %(meter)s, %(period)s, %(hour)s, %(used)s, 0) ON CONFLICT DO NOTHING"""


def hold(tenant_id: UUID, row: Reservation, wishes: Iterable[Wish]) -> bool:
    """Hold all wishes and write their reservation; neither where one does not fit or the workspace is read-only."""
    wishes = list(wishes)
    values: dict[str, Any] = {
        "id": row.pk,
        "tenant": tenant_id,
        "act": row.act,
        "reference": row.reference,
        "month": row.period,
        "amounts": json.dumps(row.amounts),
        "expires": row.expires_at,
    }
    if len(wishes) == 1:
        return bool(_rows(_HOLD_ONE, values | _of(wishes[0])))
    wanted = [
        {
            "meter": wish.meter,
            "period": wish.slot.period.isoformat(),
            "hour": wish.slot.hour,
            "amount": str(wish.amount),
            "ceiling": None if wish.ceiling is None else str(wish.ceiling),
        }
        for wish in wishes
    ]
    return bool(_rows(_HOLD_ALL, values | {"wanted": json.dumps(wanted)}))


def settle(reservation_id: UUID, actual: dict[str, Decimal], now: datetime) -> Settled | None:
    """Put what was used in the place of what was held. None where it is settled already, or not there."""
    text = json.dumps({meter: str(amount) for meter, amount in actual.items()})
    rows = _rows(_SETTLE, {"id": reservation_id, "now": now, "actual": text})
    if not rows:
        return None
    return Settled(rows[0][1], [Moved(*row[2:]) for row in rows if row[2] is not None])


def grow(tenant_id: UUID, wish: Wish) -> Moved | None:
    """Count more of a meter at once, in the caller's transaction. None where it does not fit, or has no counter."""
    rows = _rows(_GROW, _of(wish) | {"tenant": tenant_id})
    return Moved(*rows[0]) if rows else None


def shrink(tenant_id: UUID, meter: str, slot: Slot, amount: Decimal) -> None:
    """Count less of a meter, in the caller's transaction; never less than nothing."""
    with connection.cursor() as cursor:
        cursor.execute(_SHRINK, _of(Wish(meter, slot, amount, None)) | {"tenant": tenant_id})


def add_counter(tenant_id: UUID, meter: str, slot: Slot, used: Decimal) -> bool:
    """Make a meter's counter; False where somebody has."""
    values = _of(Wish(meter, slot, Decimal(0), None)) | {"id": new_id(), "tenant": tenant_id, "used": used}
    with connection.cursor() as cursor:
        cursor.execute(_ADD, values)
        return bool(cursor.rowcount)


def _of(wish: Wish) -> dict[str, Any]:
    return {
        "meter": wish.meter,
        "period": wish.slot.period,
        "hour": wish.slot.hour,
        "amount": wish.amount,
        "ceiling": wish.ceiling,
    }


def _rows(sql: str, values: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
