"""Conversion of Stripe's timestamps (seconds since 1970)."""

from datetime import UTC, datetime


def moment(seconds: int) -> datetime:
    """The timestamp as an aware datetime in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
