"""Quota counters, their reservations and notices, and the usage ledger."""

from usage.models.ledger import UsageEvent
from usage.models.quotas import QuotaCounter, QuotaNotice, Reservation

__all__ = ["QuotaCounter", "QuotaNotice", "Reservation", "UsageEvent"]
