"""Maps the status of a Stripe subscription to the state of the workspace. Pure: no database, clock or network.

Stripe's statuses: https://docs.stripe.com/api/subscriptions/object#subscription_object-status
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from tenants.models import Tenant

State = Tenant.State
SUSPENDED_AFTER = timedelta(days=14)
LIVE = ("trialing", "active", "past_due", "unpaid", "paused")


@dataclass(frozen=True)
class Facts:
    """The input of `decide`.

    `status` is Stripe's, "" without a subscription. `past_due_since` is the start of the arrears (`arrears.py`), None
    if nothing is unpaid. `period_end` is the end of the plan's billing period.
    """

    status: str
    now: datetime
    state: str
    period_end: datetime | None = None
    past_due_since: datetime | None = None
    trial_ends_at: datetime | None = None


class Move(NamedTuple):
    """The state that the workspace must have, and the reason as shown to people (French)."""

    state: str
    reason: str


def decide(facts: Facts) -> Move | None:
    """The state that the workspace must have; None if its state must not change.

    Raises `ValueError` for an unknown status.
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
    """A running trial continues; an ended one is suspended."""
    ended = facts.trial_ends_at is not None and facts.trial_ends_at <= facts.now
    if facts.state == State.TRIAL and ended:
        return Move(State.SUSPENDED, "fin de l’essai")
    return None


def _canceled(facts: Facts) -> Move:
    """The workspace stays active until the end of a paid period and is suspended during an unpaid one.

    A cancelled subscription never reopens a closed workspace.
    """
    if facts.state == State.CLOSED or facts.period_end is None or facts.period_end <= facts.now:
        return Move(State.CLOSED, "abonnement résilié")
    if facts.past_due_since is not None:
        return Move(State.SUSPENDED, "abonnement résilié, période impayée")
    return Move(State.ACTIVE, "abonnement résilié, période payée")
