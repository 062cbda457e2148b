"""Mails to the owners about the life cycle of their workspace; lifecycle steps, in the transaction of the change."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone, translation

from accounts.models import User
from mailing.services import send, send_to_owners
from tenants.actors import STRIPE, SYSTEM
from tenants.context import TenantRef, current
from tenants.models import Tenant
from tenants.selectors import public_url, tenant_url
from tenants.services import CLOSED_RETENTION
from tenants.trials import SUSPENDED_RETENTION

_OPEN = frozenset({Tenant.State.ACTIVE, Tenant.State.TRIAL})
_SHUT = frozenset({Tenant.State.SUSPENDED, Tenant.State.CLOSED})


def send_trial_ended(tenant: TenantRef) -> None:
    """Announce that the trial has ended and the workspace is read-only."""
    send_to_owners(tenant, "trial_ended")


def send_closed(tenant: TenantRef) -> None:
    """Announce that the workspace was closed after a long suspension, and when it will be deleted."""
    send_to_owners(tenant, "closed", days=CLOSED_RETENTION // timedelta(days=1))


def workspace_state_changed(tenant: TenantRef, *, before: str, actor: str, **_details: Any) -> None:
    """Lifecycle step "state_changed": tell the owners what the operator did.

    What follows from a payment or from time has mails of its own.
    """
    if actor in (STRIPE, SYSTEM):
        return
    if before in _SHUT and tenant.state in _OPEN:
        send_to_owners(tenant, "reopened")
    elif before in _OPEN and tenant.state == Tenant.State.SUSPENDED:
        send_to_owners(tenant, "suspended", days=SUSPENDED_RETENTION // timedelta(days=1))


def send_new_device(person: User, *, ip: str, device: str) -> None:
    """Tell a person that their account was signed in to with a device that was not seen before."""
    tenant, path = current(), "/accounts/password/change/"
    workspace = tenant if isinstance(tenant, TenantRef) else None
    with translation.override(person.language or (workspace.language if workspace else settings.LANGUAGE_CODE)):
        send(
            template="new_device",
            to=person.email,
            context={
                "name": person.name,
                "workspace": workspace.name if workspace else "",
                "address": tenant_url(workspace.domain) if workspace else public_url("/"),
                "link": tenant_url(workspace.domain, path) if workspace else public_url(path),
                "moment": timezone.now(),
                "ip": ip,
                "device": device,
            },
        )
