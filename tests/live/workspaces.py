"""Throw-away workspaces, and what their books say."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from django.utils import timezone

from accounts.models import Role
from accounts.services import user_create
from mailing.models import OutboxMessage
from tenants.context import TenantRef, tenant_context
from tenants.services import tenant_create, tenant_delete_now
from usage.models import QuotaCounter, Reservation, UsageEvent

PASSWORD = "un-mot-de-passe-solide"


@dataclass(frozen=True)
class Workspace:
    tenant: TenantRef
    emails: tuple[str, ...]

    @property
    def host(self) -> str:
        return self.tenant.domain

    @property
    def email(self) -> str:
        return self.emails[0]


def make(slug: str, *, members: int = 1, plan: str = "scale") -> Workspace:
    """A workspace with so many people, its owner first."""
    emails = tuple(f"{number}@{slug}.test" for number in range(members))
    created = tenant_create(slug=slug, name=slug.title(), email=emails[0], plan=plan, password=PASSWORD)
    with tenant_context(created.tenant):
        for email in emails[1:]:
            user_create(email=email, password=PASSWORD, role=Role.MEMBER)
    return Workspace(created.tenant, emails)


def remove(workspace: Workspace) -> None:
    tenant = workspace.tenant
    tenant_delete_now(tenant_id=tenant.id, typed_slug=tenant.slug, reason="fin", actor="test")
    # Public rows that rightly outlive a workspace, and must not outlive a test.
    for model in (OutboxMessage, QuotaCounter, Reservation):
        model.objects.filter(tenant_id=tenant.id).delete()


def events_of(workspace: Workspace) -> dict[UUID, UsageEvent]:
    """By the answer they are for; the ledger refuses a second one of the same answer by a constraint."""
    return {event.reference: event for event in UsageEvent.objects.filter(tenant_id=workspace.tenant.id)}


def counters_of(workspace: Workspace) -> dict[str, tuple[Decimal, Decimal]]:
    """By meter: used, reserved."""
    period = timezone.localdate().replace(day=1)
    rows = QuotaCounter.objects.filter(tenant_id=workspace.tenant.id, period=period)
    return {row.meter: (row.used, row.reserved) for row in rows}


def assert_settled(workspace: Workspace, answers: Iterable[UUID | str]) -> None:
    """One usage event for each of these answers and no other, nothing reserved, and the counters add up to them."""
    events = events_of(workspace)
    assert set(events) == {UUID(str(answer)) for answer in answers}
    assert not Reservation.objects.filter(tenant_id=workspace.tenant.id, settled_at=None).exists()
    assert counters_of(workspace) == {
        "ai_tokens": (Decimal(sum(event.total_tokens for event in events.values())), Decimal(0)),
        "ai_euros": (sum((event.cost for event in events.values()), Decimal(0)), Decimal(0)),
    }
