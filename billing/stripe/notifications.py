"""What the owners are told of their subscription, each fact once: decided where it is followed, under the row's lock.

A move by the operator's hand is none of these facts. What is owed is told by `dunning`.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from billing import quotes
from billing.models import Subscription
from billing.stripe import options
from billing.stripe.states import LIVE
from billing.subscription_types import Choice
from mailing.services import send_to_owners
from plans.models import Plan
from tenants.context import TenantRef
from tenants.models import Tenant
from tenants.services import CLOSED_RETENTION
from tenants.trials import SUSPENDED_RETENTION

State = Tenant.State
PAID = ("active", "trialing")


class Seen(NamedTuple):
    """How a subscription and its workspace stood. `status` is Stripe's; `ends`: it will be cancelled."""

    stripe_id: str
    status: str
    ends: bool
    past_due_since: datetime | None
    state: str

    @property
    def lives(self) -> bool:
        return self.status in LIVE

    @property
    def owes(self) -> bool:
        """True where somebody was asked to pay in vain."""
        late = self.status in ("past_due", "unpaid")
        return late or (self.status == "canceled" and self.past_due_since is not None)


def seen(row: Subscription, state: str) -> Seen:
    """How it stands now."""
    return Seen(row.stripe_id, row.status, row.cancel_at_period_end, row.past_due_since, state)


def due(was: Seen, now: Seen) -> Iterator[str]:
    """The letters that lead from one to the other. Pure."""
    same = was.stripe_id == now.stripe_id
    lived = same and was.lives
    if now.status in PAID and not lived:
        yield "begun"
    if now.lives and now.ends and not (lived and was.ends):
        yield "cancelled"
    # Cancelled at once, it is kept until the end of what was paid.
    if now.status == "canceled" and lived and not was.ends and now.state == State.ACTIVE:
        yield "cancelled"
    if lived and was.ends and now.lives and not now.ends:
        yield "resumed"
    if same and was.owes and not now.owes and now.state == State.ACTIVE:
        yield "paid"
    if was.state != now.state == State.SUSPENDED and now.owes:
        yield "suspended"
    if was.state != now.state == State.CLOSED:
        yield "ended"


def tell(was: Seen, row: Subscription, tenant: TenantRef) -> None:
    """Send what is due, in the caller's transaction. `was`: before Stripe was followed; `tenant`: after."""
    for name in due(was, seen(row, tenant.state)):
        send_to_owners(tenant, f"mail/subscription_{name}", **_details(name, was, row))


def _details(name: str, was: Seen, row: Subscription) -> dict[str, Any]:
    match name:
        case "begun":
            plan = Plan.objects.filter(code=row.plan_code).first()
            known = {"plan": plan.name if plan else "", "lines": lines(row), "discount": row.discount}
            return {**known, "next_on": None if row.cancel_at_period_end else row.period_end}
        case "cancelled":
            return {"ends_on": row.period_end, "resumable": row.status in LIVE, "days": _days(CLOSED_RETENTION)}
        case "resumed":
            return {"next_on": row.period_end}
        case "paid":
            return {"was_read_only": was.state == State.SUSPENDED}
        case "suspended":
            return {"days": _days(SUSPENDED_RETENTION)}
    return {"days": _days(CLOSED_RETENTION)}


def lines(row: Subscription) -> list[dict[str, Any]]:
    """{"name", "amount_excl_vat" (euros), "is_yearly"} of the plan and each option, at the prices in force."""
    choice = Choice(row.plan_code, row.interval, tuple(options.bought(row.tenant_id)))
    found = quotes.lines_of(choice, quotes.catalogue(keep=row.plan_code, had=choice.add_ons))
    return [
        {"name": one.name, "amount_excl_vat": one.amount_excl_vat, "is_yearly": one.interval == quotes.YEAR}
        for one in found
    ]


def _days(kept: timedelta) -> int:
    return kept // timedelta(days=1)
