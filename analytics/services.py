"""Updates of the daily figures of a workspace."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.utils import timezone

from analytics.models import ActiveMember, DailyFigures
from tenants.context import current_tenant
from tenants.ids import new_id
from ui.days import platform_time, platform_today

COLUMNS = ("contents", "answers", "failures", "tokens", "cost", "active_members")


def record(*, at: datetime | None = None, **figures: int | Decimal) -> None:
    """Add to the figures of the workspace in context on the day of `at` (default: now).

    Raises `KeyError` for keys that are not in `COLUMNS`.
    """
    tenant = current_tenant()
    unknown = set(figures) - set(COLUMNS)
    if unknown:
        raise KeyError(f"unknown figures: {sorted(unknown)}")
    table = DailyFigures._meta.db_table
    values = [figures.get(column, 0) for column in COLUMNS]
    increments = ", ".join(f"{column} = {table}.{column} + EXCLUDED.{column}" for column in COLUMNS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (id, tenant_id, day, last_activity, {', '.join(COLUMNS)})"
            f" VALUES (%s, %s, %s, %s, {', '.join(['%s'] * len(COLUMNS))})"
            " ON CONFLICT (tenant_id, day) DO UPDATE"
            f" SET last_activity = greatest({table}.last_activity, EXCLUDED.last_activity), {increments}",
            [new_id(), tenant.id, platform_time(at).date(), at or timezone.now(), *values],
        )


def record_presence(member_id: UUID) -> None:
    """Count an active member of today, once a day."""
    tenant = current_tenant()
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {ActiveMember._meta.db_table} (id, tenant_id, day, member_id)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [new_id(), tenant.id, platform_today(), member_id],
        )
        is_first_today = cursor.rowcount == 1
    if is_first_today:
        record(active_members=1)
