"""Hours at which people are written to, in their own time zone."""

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

EARLIEST: Final = time(9)
LATEST: Final = time(19)


def zone_of(name: str) -> ZoneInfo:
    """The zone of this name; the platform's for a blank or unknown one."""
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)


def next_open(at: datetime, zone: ZoneInfo) -> datetime:
    """`at` if it lies between nine and nineteen o'clock there, else the next nine o'clock."""
    local = at.astimezone(zone)
    if EARLIEST <= local.time() < LATEST:
        return at
    day = local.date() + timedelta(days=1 if local.time() >= LATEST else 0)
    return datetime.combine(day, EARLIEST, tzinfo=zone)
