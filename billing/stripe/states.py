"""From what Stripe says of a subscription to the state of the workspace. Pure: no row, no clock, no network."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from tenants.models import Tenant

State = Tenant.State
SUSPENDED_AFTER = timedelta(days=14)
LIVE = ("trialing", "active", "past_due", "unpaid", "paused")


@dataclass(frozen=True)
class Facts:
    """What decides. `status` is Stripe's, "" without a subscription; `past_due_since`: its oldest unpaid invoice."""

    status: str
    now: datetime
    state: str
    period_end: datetime | None = None
    past_due_since: datetime | None = None
    trial_ends_at: datetime | None = None


class Move(NamedTuple):
    """Where the workspace belongs, and why, for people."""

    state: str
    reason: str


def decide(facts: Facts) -> Move | None:
    """Where the workspace belongs; None: where it is.

    Raises `ValueError` for a status that Stripe did not have when this was written.
    """
    match facts.status:
        case "" | "incomplete":
            return None
        case "active" | "trialing":
            return Move(State.ACTIVE, "abonnement en cours")
        case "past_due":
            return _past_due(facts)
        case "unpaid":
            return Move(State.SUSPENDED, "abonnement impayé")
        case "paused":
            return Move(State.SUSPENDED, "abonnement en pause")
        case "incomplete_expired":
            return _never_started(facts)
        case "canceled":
            return _canceled(facts)
    raise ValueError(facts.status)


def _past_due(facts: Facts) -> Move:
    if facts.past_due_since and facts.now >= facts.past_due_since + SUSPENDED_AFTER:
        return Move(State.SUSPENDED, f"impayé depuis {SUSPENDED_AFTER.days} jours")
    return Move(State.PAST_DUE, "paiement échoué")


def _never_started(facts: Facts) -> Move | None:
    """The trial goes on, unless it has ended."""
    ended = facts.trial_ends_at is not None and facts.trial_ends_at <= facts.now
    if facts.state == State.TRIAL and ended:
        return Move(State.SUSPENDED, "fin de l’essai")
    return None


def _canceled(facts: Facts) -> Move:
    """What was paid for is given; a period that was not paid is not. What is cancelled opens nothing that is closed."""
    if facts.state == State.CLOSED or facts.period_end is None or facts.period_end <= facts.now:
        return Move(State.CLOSED, "abonnement résilié")
    if facts.past_due_since is not None:
        return Move(State.SUSPENDED, "abonnement résilié, période impayée")
    return Move(State.ACTIVE, "abonnement résilié, période payée")
