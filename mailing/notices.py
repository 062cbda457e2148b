"""What the owners of a workspace are told of its life. Lifecycle steps: in the transaction of what they tell."""

from datetime import timedelta
from typing import Any

from django.utils import translation

from accounts.services import owner_emails
from mailing.services import send
from tenants.context import TenantRef, tenant_context
from tenants.selectors import tenant_url
from tenants.services import CLOSED_KEPT


def send_trial_ending(tenant: TenantRef, *, days: int) -> None:
    """The trial ends in `days` days."""
    _to_owners(tenant, "mail/trial_ending", days=days, ends_at=tenant.trial_ends_at)


def send_trial_ended(tenant: TenantRef) -> None:
    """The trial is over, the workspace read-only."""
    _to_owners(tenant, "mail/trial_ended")


def send_closed(tenant: TenantRef) -> None:
    """Suspended for so long that it is closed: when it goes for good."""
    _to_owners(tenant, "mail/closed", days=CLOSED_KEPT // timedelta(days=1))


def _to_owners(tenant: TenantRef, template: str, **context: Any) -> None:
    with tenant_context(tenant), translation.override(tenant.language):
        for email, name in owner_emails():
            send(
                template=template,
                to=email,
                context={
                    "name": name,
                    "workspace": tenant.name,
                    "address": tenant_url(tenant.domain),
                    **context,
                },
            )
