"""Values that forms of other apps let people choose from: (value, words)."""

from billing.models import Cancellation

REASONS = Cancellation.Reason
