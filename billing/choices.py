"""Choices, as (value, label), for forms."""

from billing.models import Cancellation

REASONS = Cancellation.Reason
