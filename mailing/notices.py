"""What the owners of a workspace are told of its life. Lifecycle steps: in the transaction of what they tell."""

from datetime import timedelta

from mailing.services import send_to_owners
from tenants.context import TenantRef
from tenants.services import CLOSED_RETENTION


def send_trial_ending(tenant: TenantRef, *, days: int) -> None:
    """The trial ends in `days` days."""
    send_to_owners(tenant, "mail/trial_ending", days=days, ends_at=tenant.trial_ends_at)


def send_trial_ended(tenant: TenantRef) -> None:
    """The trial is over, the workspace read-only."""
    send_to_owners(tenant, "mail/trial_ended")


def send_closed(tenant: TenantRef) -> None:
    """Suspended for so long that it is closed: when it goes for good."""
    send_to_owners(tenant, "mail/closed", days=CLOSED_RETENTION // timedelta(days=1))
