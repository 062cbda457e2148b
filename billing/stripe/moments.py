"""Stripe's moments: seconds since 1970."""

from datetime import UTC, datetime


def moment(seconds: int) -> datetime:
    """As an aware moment, in UTC."""
    return datetime.fromtimestamp(seconds, UTC)
