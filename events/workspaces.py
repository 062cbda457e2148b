"""Lifecycle steps that record the facts of a workspace: `tenants` is below this app and cannot record them."""

from datetime import datetime
from typing import Any

from events.catalogue import (
    WorkspaceCreated,
    WorkspaceDeleted,
    WorkspacePlanChanged,
    WorkspaceStateChanged,
    WorkspaceTrialExtended,
)
from events.facts import Code
from events.services import record
from tenants.context import TenantRef, public_context, tenant_context
from tenants.models import Tenant


def created(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "made"."""
    with tenant_context(tenant):
        record(WorkspaceCreated(subject_id=tenant.id, plan=Code(tenant.plan_code)))


def state_changed(tenant: TenantRef, *, before: str, **_details: Any) -> None:
    """Lifecycle step "state_changed"."""
    with tenant_context(tenant):
        fact = WorkspaceStateChanged(
            subject_id=tenant.id, before=Tenant.State(before), after=Tenant.State(tenant.state)
        )
        record(fact)


def plan_changed(tenant: TenantRef, *, before: str, **_details: Any) -> None:
    """Lifecycle step "plan_changed"."""
    with tenant_context(tenant):
        record(WorkspacePlanChanged(subject_id=tenant.id, before=Code(before), after=Code(tenant.plan_code)))


def trial_extended(tenant: TenantRef, *, before: datetime | None, **_details: Any) -> None:
    """Lifecycle step "trial_extended"."""
    if tenant.trial_ends_at is not None:
        with tenant_context(tenant):
            record(WorkspaceTrialExtended(subject_id=tenant.id, until=tenant.trial_ends_at))


def deleted(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "deleting": a fact of the platform."""
    with public_context():
        record(WorkspaceDeleted(subject_id=tenant.id))
