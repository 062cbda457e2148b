"""What the page of use shows: each meter with its limit and where that comes from, past months, and a forecast."""

import calendar
import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext

from plans import entitlements
from plans import modules as modules_there
from plans.meters import METERS, Kind, Meter, this_period
from plans.types import Right
from tenants.context import TenantRef
from usage.models import QuotaCounter
from usage.selectors import gauges, standing_now
from usage.types import Gauge

MONTHS: Final = 6
# Before that, a month says nothing of its end.
LEAST_DAYS: Final = 3


@dataclass(frozen=True)
class Line:
    """One meter. `forecast`: what the month will come to, in the meter's unit; None where that cannot be said."""

    meter: Meter
    gauge: Gauge
    forecast: Decimal | None

    @property
    def will_exceed(self) -> bool:
        """True where the month would go past its limit."""
        limit = self.gauge.limit
        return self.forecast is not None and limit is not None and self.forecast > limit


@dataclass(frozen=True)
class Past:
    """What was used of a meter month by month, oldest first, in its unit."""

    meter: Meter
    label: str
    used: list[Decimal]

    @property
    def most(self) -> Decimal:
        return max(self.used)


def lines(tenant: TenantRef) -> list[Line]:
    """Every meter that the workspace in context may use. What stands is counted now."""
    rights = entitlements.of(tenant)
    wanted = [meter for meter in METERS.values() if meter.kind is not Kind.MODULE]
    found = gauges(tenant, [meter.key for meter in wanted])
    shown = []
    for meter, gauge in zip(wanted, found, strict=True):
        standing = standing_now(meter.key)
        if standing is not None:
            gauge = replace(gauge, used=standing)
        if gauge.used or (rights.has(meter.key) and modules_there.is_there(meter.key)):
            monthly = meter.kind is Kind.MONTH
            shown.append(Line(meter, gauge, forecast(gauge.used, timezone.localtime()) if monthly else None))
    return shown


def modules(tenant: TenantRef) -> list[Right]:
    """The modules that the workspace has and that are there, with their sources."""
    rights = entitlements.of(tenant)
    wanted = [meter for meter in METERS.values() if meter.kind is Kind.MODULE and modules_there.is_there(meter.key)]
    return [rights.right(meter.key) for meter in wanted if rights.has(meter.key)]


def forecast(used: Decimal, now: dt.datetime) -> Decimal | None:
    """The month's use at its end if every day is like those past, weekends included; None in its first days.

    `now`: aware, in the time zone in which months are counted.
    """
    days = now.day - 1 + Decimal(now.hour) / 24
    if days < LEAST_DAYS:
        return None
    return used * calendar.monthrange(now.year, now.month)[1] / days


def months(count: int = MONTHS) -> list[dt.date]:
    """The first days of the last months, oldest first, this one last."""
    found = [this_period()]
    while len(found) < count:
        found.insert(0, (found[0] - dt.timedelta(days=1)).replace(day=1))
    return found


def history(tenant: TenantRef) -> list[Past]:
    """The meters by the month that were used in the last six, in one query."""
    monthly = [meter for meter in METERS.values() if meter.kind is Kind.MONTH]
    periods = months()
    rows = QuotaCounter.objects.filter(
        tenant_id=tenant.id, period__in=periods, meter__in=[meter.key for meter in monthly]
    )
    used = {(row.meter, row.period): row.used for row in rows}
    rights = entitlements.of(tenant)
    found = [
        Past(meter, gettext(rights.right(meter.key).label), [used.get((meter.key, day), Decimal(0)) for day in periods])
        for meter in monthly
    ]
    return [one for one in found if one.most]
