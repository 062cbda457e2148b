"""The outcome of a usage event as a badge: one table of colours for every page of the console."""

from django.utils.safestring import SafeString

from ui.console_text import badge
from usage.models import UsageEvent

Outcome = UsageEvent.Outcome
# Kinds of `ui.console_text.badge`.
KINDS = {Outcome.DONE: "good", Outcome.STOPPED: "neutral", Outcome.INTERRUPTED: "warn", Outcome.FAILED: "bad"}


def outcome_badge(event: UsageEvent) -> SafeString:
    """The outcome in words and in its colour."""
    return badge(event.get_outcome_display(), KINDS[Outcome(event.outcome)])
