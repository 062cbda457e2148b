"""Mails to the owners about the life cycle of their workspace; lifecycle steps, in the transaction of the change."""

from datetime import timedelta

from mailing.services import send_to_owners
from tenants.context import TenantRef
from tenants.services import CLOSED_RETENTION


def send_trial_ending(tenant: TenantRef, *, days: int) -> None:
    """Announce the end of the trial in `days` days."""
    send_to_owners(tenant, "trial_ending", days=days, ends_at=tenant.trial_ends_at)


def send_trial_ended(tenant: TenantRef) -> None:
    """Announce that the trial has ended and the workspace is read-only."""
    send_to_owners(tenant, "trial_ended")


def send_closed(tenant: TenantRef) -> None:
    """Announce that the workspace was closed after a long suspension, and when it will be deleted."""
    send_to_owners(tenant, "closed", days=CLOSED_RETENTION // timedelta(days=1))
