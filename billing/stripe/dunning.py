"""Mails to the owners about an unpaid subscription: on days 0, 3 and 7 of the arrears, each once."""

from datetime import datetime, timedelta

from billing.models import DunningNotice, Subscription
from billing.stripe.states import SUSPENDED_AFTER
from mailing.services import send_to_owners
from tenants.context import TenantRef
from tenants.models import Tenant

State = Tenant.State
MAIL_DAYS = (0, 3, 7)


def send_due(row: Subscription, tenant: TenantRef, now: datetime) -> None:
    """Send the mail that is due unless it was sent. If earlier ones were missed, only the latest due one is sent."""
    day = due_day(row, now)
    if day is None or row.past_due_since is None or tenant.state != State.PAST_DUE:
        return
    key = {"tenant_id": row.tenant_id, "past_due_since": row.past_due_since}
    if DunningNotice.objects.filter(day__gte=day, **key).exists():
        return
    DunningNotice.objects.create(day=day, **key)
    send_mail(tenant, row.past_due_since)


def send_mail(tenant: TenantRef, past_due_since: datetime) -> None:
    """Mail the owners that a payment failed and when the workspace becomes read-only."""
    send_to_owners(tenant, "payment_failed", read_only_on=past_due_since + SUSPENDED_AFTER)


def due_day(row: Subscription, now: datetime) -> int | None:
    """The last day of `MAIL_DAYS` that is reached; None if the subscription is not past due."""
    if row.status != "past_due" or row.past_due_since is None:
        return None
    overdue = now - row.past_due_since
    return max((day for day in MAIL_DAYS if timedelta(days=day) <= overdue), default=None)
