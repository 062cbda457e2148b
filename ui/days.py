"""Conversion of days to datetimes in the current time zone."""

import datetime as dt

from django.utils import timezone

# Beyond these the datetime in UTC, or the next day, may be out of Python's range.
EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(9000, 1, 1)


def start_of_day(day: dt.date) -> dt.datetime:
    """Midnight at the start of a day, which is clamped to `EARLIEST` and `LATEST`."""
    nearest = min(max(day, EARLIEST), LATEST)
    return timezone.make_aware(dt.datetime.combine(nearest, dt.time.min))


def end_of_day(day: dt.date) -> dt.datetime:
    """Midnight after a day, as an exclusive upper limit."""
    return start_of_day(min(day, LATEST) + dt.timedelta(days=1))
