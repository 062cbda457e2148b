"""What happens in a workspace moves its figures of the day."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.utils import timezone

from analytics.models import ActiveMember, DailyFigures
from tenants.context import current_tenant
from tenants.ids import new_id

COLUMNS = ("contents", "answers", "failures", "tokens", "cost", "active_members")


def record(*, at: datetime | None = None, **figures: int | Decimal) -> None:
    """Add to the figures of the workspace in context, of the day of `at` (now). Keys are COLUMNS, else `KeyError`."""
    tenant = current_tenant()
    unknown = set(figures) - set(COLUMNS)
    if unknown:
        raise KeyError(f"unknown figures: {sorted(unknown)}")
    table = DailyFigures._meta.db_table
    values = [figures.get(column, 0) for column in COLUMNS]
    moves = ", ".join(f"{column} = {table}.{column} + EXCLUDED.{column}" for column in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (id, tenant_id, day, last_activity, {', '.join(COLUMNS)})"
            f" VALUES (%s, %s, %s, %s, {', '.join(['%s'] * len(COLUMNS))})"
            " ON CONFLICT (tenant_id, day) DO UPDATE"
            f" SET last_activity = greatest({table}.last_activity, EXCLUDED.last_activity), {moves}",
            [new_id(), tenant.id, timezone.localdate(at), at or timezone.now(), *values],
        )


def record_presence(member_id: UUID) -> None:
    """Somebody is here today. Counted once a person and day."""
    tenant = current_tenant()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {ActiveMember._meta.db_table} (id, tenant_id, day, member_id)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [new_id(), tenant.id, timezone.localdate(), member_id],
        )
        first_time = cursor.rowcount == 1
    if first_time:
        record(active_members=1)
