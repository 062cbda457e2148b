"""Days that people choose, as moments of the current time zone."""

import datetime as dt

from django.utils import timezone

# Outside these a moment in UTC, or the day after, is one that neither Python nor a page can say.
EARLIEST, LATEST = dt.date(1900, 1, 1), dt.date(9000, 1, 1)


def start_of_day(day: dt.date) -> dt.datetime:
    """The midnight that begins a day. A day out of all reason counts as the nearest that is not."""
    nearest = min(max(day, EARLIEST), LATEST)
    return timezone.make_aware(dt.datetime.combine(nearest, dt.time.min))


def end_of_day(day: dt.date) -> dt.datetime:
    """The midnight after a day: a limit that the day itself is below."""
    return start_of_day(min(day, LATEST) + dt.timedelta(days=1))
