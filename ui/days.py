"""Days and datetimes: in the reader's time zone, which is the current one, and in the platform's."""

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


def platform_time(moment: dt.datetime | None = None) -> dt.datetime:
    """A moment (default: now) in the platform's time zone, whoever reads.

    Months of quotas, days of figures and ends of models are the platform's, not the reader's.
    """
    return timezone.localtime(moment, timezone.get_default_timezone())


def platform_today() -> dt.date:
    """Today in the platform's time zone."""
    return platform_time().date()
