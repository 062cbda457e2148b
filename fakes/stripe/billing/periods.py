"""Months and years as Stripe counts them: from one anchor, the 31st becoming the last day of a shorter month. UTC."""

import calendar
from datetime import UTC, datetime, timedelta
from typing import Any

# Seconds of the longest of each.
_LONGEST = {"day": 86400, "week": 7 * 86400, "month": 31 * 86400, "year": 366 * 86400}


def add(moment: int, interval: str, count: int = 1) -> int:
    """Unix seconds, `count` intervals (day, week, month, year) later."""
    start = datetime.fromtimestamp(moment, UTC)
    if interval in ("day", "week"):
        return int((start + timedelta(days=count * (7 if interval == "week" else 1))).timestamp())
    months = start.year * 12 + start.month - 1 + count * (12 if interval == "year" else 1)
    year, month = divmod(months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def next_end(anchor: int, recurring: dict[str, Any], after: int) -> int:
    """The first end of a period later than `after`, for periods that begin at `anchor`."""
    interval, count = recurring["interval"], recurring["interval_count"]
    # A first guess that is never too late, so that ten years are not walked through day by day.
    steps = max(1, (after - anchor) // (_LONGEST[interval] * count))
    while add(anchor, interval, count * steps) <= after:
        steps += 1
    return add(anchor, interval, count * steps)


def start_before(end: int, recurring: dict[str, Any]) -> int:
    return add(end, recurring["interval"], -recurring["interval_count"])


def start_of(anchor: int, recurring: dict[str, Any], end: int) -> int:
    """Where the whole period that ends then begins, counted from the anchor."""
    interval, count = recurring["interval"], recurring["interval_count"]
    if end <= anchor:
        return start_before(end, recurring)
    steps = 1
    while add(anchor, interval, count * steps) < end:
        steps += 1
    return add(anchor, interval, count * (steps - 1))
