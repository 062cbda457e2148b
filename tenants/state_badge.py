"""The kind, and so the colour and mark, of each state of a workspace: one table for every page of the console."""

from django.utils.safestring import SafeString

from tenants.models import Tenant
from ui.console_text import NOTHING, badge

State = Tenant.State
# As `ui.console_text.badge` takes them.
KINDS: dict[str, str] = {
    State.TRIAL: "wait",
    State.ACTIVE: "good",
    State.PAST_DUE: "warn",
    State.SUSPENDED: "bad",
    State.CLOSED: "neutral",
}


def state_badge(state: str | None) -> str | SafeString:
    """The state in words and in its colour; a dash where a row's workspace is gone."""
    return badge(State(state).label, KINDS[state]) if state else NOTHING
