"""Scheduled job for changes that no webhook announces: dunning mails, suspension and closing at a date."""

import logging
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from billing.models import DunningNotice, Subscription
from billing.stripe import dunning
from billing.stripe.client import is_on
from billing.stripe.states import SUSPENDED_AFTER
from billing.stripe.sync import refresh
from tenants.models import Tenant

log = logging.getLogger(__name__)
State = Tenant.State


def run_due() -> int:
    """Sync the subscriptions for which a date has passed; return their number. Scheduled.

    Dates: dunning mails, suspension after `SUSPENDED_AFTER`, closing at the end of a period. The sync reads Stripe
    first, as the invoice may have been paid.
    """
    if not is_on():
        return 0
    refreshed = 0
    for tenant_id in _due_tenants(timezone.now()):
        try:
            refresh(tenant_id)
            refreshed += 1
        except Exception:
            # An error of one workspace does not stop the others; the next run retries.
            log.exception("subscription not moved on: tenant=%s", tenant_id)
    return refreshed


def _due_tenants(now: datetime) -> list[UUID]:
    ended = Q(status="canceled", period_end__lte=now) & ~Q(moved_to=State.CLOSED)
    overdue = Q(status="past_due", past_due_since__lte=now - SUSPENDED_AFTER) & ~Q(moved_to=State.SUSPENDED)
    # Only workspaces in the state past due: if the operator has set another state, no mails are sent.
    unpaid = Q(status="past_due", tenant_id__in=Tenant.objects.filter(state=State.PAST_DUE).values("pk"))
    rows = list(Subscription.objects.filter(ended | overdue | unpaid))
    sent = (
        {(notice.tenant_id, notice.past_due_since, notice.day) for notice in DunningNotice.objects.all()}
        if rows
        else set()
    )
    return [row.tenant_id for row in rows if _is_due(row, sent, now)]


def _is_due(row: Subscription, sent: set[tuple[UUID, datetime, int]], now: datetime) -> bool:
    if row.status == "canceled" or row.past_due_since is None:
        return True
    if now >= row.past_due_since + SUSPENDED_AFTER:
        return row.moved_to != State.SUSPENDED
    return (row.tenant_id, row.past_due_since, dunning.due_day(row, now)) not in sent
