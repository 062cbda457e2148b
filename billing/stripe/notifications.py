"""Mails to the owners about changes of their subscription, each sent once, as decided by the sync under the row's lock.

Changes made by the operator cause no mail here. Mails about unpaid invoices are in `dunning`.
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


class SubscriptionState(NamedTuple):
    """A subscription and its workspace at a moment.

    `status` is Stripe's; `ends`: cancelled at the end of the period; `state`: the workspace's.
    """

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
        """True if a payment was requested and failed."""
        late = self.status in ("past_due", "unpaid")
        return late or (self.status == "canceled" and self.past_due_since is not None)


def state_of(row: Subscription, state: str) -> SubscriptionState:
    """The state of a row, with the workspace's `state`."""
    return SubscriptionState(row.stripe_id, row.status, row.cancel_at_period_end, row.past_due_since, state)


def due_mails(before: SubscriptionState, after: SubscriptionState) -> Iterator[str]:
    """The names of the mails due for a change of state (`subscription_{name}`). Pure."""
    is_same_subscription = before.stripe_id == after.stripe_id
    was_live = is_same_subscription and before.lives
    if after.status in PAID and not was_live:
        yield "begun"
    if after.lives and after.ends and not (was_live and before.ends):
        yield "cancelled"
    # Cancelled at once, but the workspace stays active until the end of the paid period.
    if after.status == "canceled" and was_live and not before.ends and after.state == State.ACTIVE:
        yield "cancelled"
    if was_live and before.ends and after.lives and not after.ends:
        yield "resumed"
    if is_same_subscription and before.owes and not after.owes and after.state == State.ACTIVE:
        yield "paid"
    if before.state != after.state == State.SUSPENDED and after.owes:
        yield "suspended"
    if before.state != after.state == State.CLOSED:
        yield "ended"


def send_due(before: SubscriptionState, row: Subscription, tenant: TenantRef) -> None:
    """Send the due mails, in the caller's transaction. `before`: the state before the sync; `row`, `tenant`: after."""
    for name in due_mails(before, state_of(row, tenant.state)):
        send_to_owners(tenant, f"subscription_{name}", **_details(name, before, row))


def _details(name: str, before: SubscriptionState, row: Subscription) -> dict[str, Any]:
    match name:
        case "begun":
            plan = Plan.objects.filter(code=row.plan_code).first()
            details = {"plan": plan.name if plan else "", "lines": lines(row), "discount": row.discount}
            return {**details, "next_on": None if row.cancel_at_period_end else row.period_end}
        case "cancelled":
            return {"ends_on": row.period_end, "resumable": row.status in LIVE, "days": _days(CLOSED_RETENTION)}
        case "resumed":
            return {"next_on": row.period_end}
        case "paid":
            return {"was_read_only": before.state == State.SUSPENDED}
        case "suspended":
            return {"days": _days(SUSPENDED_RETENTION)}
    return {"days": _days(CLOSED_RETENTION)}


def lines(row: Subscription) -> list[dict[str, Any]]:
    """{"name", "amount_excl_vat" (euros), "is_yearly"} of the plan and each option, at the prices in force."""
    choice = Choice(row.plan_code, row.interval, tuple(options.purchased(row.tenant_id)))
    quote_lines = quotes.lines_of(
        choice, quotes.load_catalogue(current_plan=row.plan_code, current_add_ons=choice.add_ons)
    )
    return [
        {"name": line.name, "amount_excl_vat": line.amount_excl_vat, "is_yearly": line.interval == quotes.YEAR}
        for line in quote_lines
    ]


def _days(retention: timedelta) -> int:
    return retention // timedelta(days=1)
