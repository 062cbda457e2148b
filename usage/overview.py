"""Data of the page of use: each meter with its limit and source, past months, and a forecast."""

import calendar
import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from django.utils.translation import gettext

from plans import entitlements
from plans import modules as plan_modules
from plans.meters import METERS, Kind, Meter, this_period
from plans.types import Right
from tenants.context import TenantRef
from ui.days import platform_time
from usage.models import QuotaCounter
from usage.selectors import gauges, standing_now
from usage.types import Gauge

HISTORY_MONTHS: Final = 6
# Days of a month before its forecast is shown.
MIN_FORECAST_DAYS: Final = 3


@dataclass(frozen=True)
class MeterUse:
    """Use of one meter. `forecast`: for the end of the month, in the meter's unit; None where there is none."""

    meter: Meter
    gauge: Gauge
    forecast: Decimal | None

    @property
    def will_exceed(self) -> bool:
        """True where the forecast exceeds the limit."""
        limit = self.gauge.limit
        return self.forecast is not None and limit is not None and self.forecast > limit


@dataclass(frozen=True)
class MeterHistory:
    """Use of a meter by month, oldest first, in its unit."""

    meter: Meter
    label: str
    used: list[Decimal]

    @property
    def maximum(self) -> Decimal:
        return max(self.used)


def meter_uses(tenant: TenantRef) -> list[MeterUse]:
    """Every meter that the workspace in context may use. Standing meters are counted on the spot."""
    rights = entitlements.for_tenant(tenant)
    meters = [meter for meter in METERS.values() if meter.kind is not Kind.MODULE]
    results = gauges(tenant, [meter.key for meter in meters])
    uses = []
    for meter, gauge in zip(meters, results, strict=True):
        standing = standing_now(meter.key)
        if standing is not None:
            gauge = replace(gauge, used=standing)
        if gauge.used or (rights.has(meter.key) and plan_modules.is_installed(meter.key)):
            monthly = meter.kind is Kind.MONTH
            uses.append(MeterUse(meter, gauge, forecast(gauge.used, platform_time()) if monthly else None))
    return uses


def modules(tenant: TenantRef) -> list[Right]:
    """The rights of the installed modules that the workspace has."""
    rights = entitlements.for_tenant(tenant)
    meters = [meter for meter in METERS.values() if meter.kind is Kind.MODULE and plan_modules.is_installed(meter.key)]
    return [rights.right(meter.key) for meter in meters if rights.has(meter.key)]


def forecast(used: Decimal, now: dt.datetime) -> Decimal | None:
    """Use at the end of the month, extrapolated linearly; None in the first days.

    `now`: aware, in the platform's time zone.
    """
    days = now.day - 1 + Decimal(now.hour) / 24
    if days < MIN_FORECAST_DAYS:
        return None
    return used * calendar.monthrange(now.year, now.month)[1] / days


def months(count: int = HISTORY_MONTHS) -> list[dt.date]:
    """The first days of the last `count` months, oldest first, with the current one."""
    results = [this_period()]
    while len(results) < count:
        results.insert(0, (results[0] - dt.timedelta(days=1)).replace(day=1))
    return results


def history(tenant: TenantRef) -> list[MeterHistory]:
    """The history of the monthly meters that were used in the last months, in one query."""
    monthly = [meter for meter in METERS.values() if meter.kind is Kind.MONTH]
    periods = months()
    rows = QuotaCounter.objects.filter(
        tenant_id=tenant.id, period__in=periods, meter__in=[meter.key for meter in monthly]
    )
    used = {(row.meter, row.period): row.used for row in rows}
    rights = entitlements.for_tenant(tenant)
    results = [
        MeterHistory(
            meter, gettext(rights.right(meter.key).label), [used.get((meter.key, day), Decimal(0)) for day in periods]
        )
        for meter in monthly
    ]
    return [result for result in results if result.maximum]
