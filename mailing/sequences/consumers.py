"""Consumer of facts (config/consumers.py): milestones, entries into sequences, goals."""

from datetime import datetime
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from accounts.models import Role, User
from events.catalogue import SubscriptionChanged, WorkspaceCreated, WorkspaceStateChanged
from events.types import Event
from mailing.models import Milestone, SequenceRun
from mailing.sequences import engine
from mailing.sequences.steps import ACTIVITY, ONBOARDING, PLAN_CHOSEN, REOPENED, SEQUENCES, WIN_BACK, Sequence
from tenants.context import TenantRef, current_tenant, public_context
from tenants.ids import new_id
from tenants.models import Tenant

_PERSONAL = frozenset({"member.signed_in", "conversation.begun", "answer.finished"})
_OPEN = frozenset({Tenant.State.ACTIVE, Tenant.State.TRIAL})


def follow(event: Event) -> None:
    """Note a fact of a workspace and what follows from it, in the workspace's context."""
    if event.tenant_id is None:
        return
    tenant, fact = current_tenant(), event.fact
    note(tenant.id, tenant.id, fact.NAME, event.at)
    if fact.NAME in _PERSONAL and (person_id := fact.actor_id or fact.subject_id):
        note(tenant.id, person_id, ACTIVITY, event.at)
    match fact:
        case WorkspaceCreated():
            enter_owners(ONBOARDING, tenant, entry="created", at=event.at)
        case SubscriptionChanged(status=status) if status in ("active", "trialing"):
            note(tenant.id, tenant.id, PLAN_CHOSEN, event.at)
        case WorkspaceStateChanged(after=Tenant.State.SUSPENDED):
            enter_owners(WIN_BACK, tenant, entry=f"suspended:{event.id}", at=event.at)
        case WorkspaceStateChanged(after=after) if after in _OPEN:
            note(tenant.id, tenant.id, REOPENED, event.at)
    end_reached(tenant.id)


def note(tenant_id: UUID, subject_id: UUID, name: str, at: datetime) -> None:
    """Count a milestone. Facts may come in any order."""
    with public_context():
        rows = Milestone.objects.filter(tenant_id=tenant_id, subject_id=subject_id, name=name)
        row = Milestone(
            id=new_id(), tenant_id=tenant_id, subject_id=subject_id, name=name, count=0, first_at=at, last_at=at
        )
        Milestone.objects.bulk_create([row], ignore_conflicts=True)
        rows.update(count=F("count") + 1)
        rows.filter(last_at__lt=at).update(last_at=at)
        rows.filter(first_at__gt=at).update(first_at=at)


def enter_owners(sequence: Sequence, tenant: TenantRef, *, entry: str, at: datetime) -> None:
    owners = list(User.objects.filter(role=Role.OWNER, is_active=True).values_list("pk", flat=True))
    with public_context():
        for person_id in owners:
            enter(sequence, tenant, person_id, entry=entry, at=at)


def enter(sequence: Sequence, tenant: TenantRef, person_id: UUID, *, entry: str, at: datetime) -> None:
    """Have a person enter a sequence, once for the same entry. Call it in the public schema."""
    run = SequenceRun(
        sequence=sequence.code,
        tenant_id=tenant.id,
        tenant_slug=tenant.slug,
        person_id=person_id,
        entry=entry,
        entered_at=at,
        next_at=max(at + sequence.steps[0].after, timezone.now()),
    )
    SequenceRun.objects.bulk_create([run], ignore_conflicts=True)


def end_reached(tenant_id: UUID) -> None:
    """End the runs of a workspace whose goal is reached, without waiting for their next step."""
    with public_context():
        active = SequenceRun.objects.select_for_update().filter(tenant_id=tenant_id, state=SequenceRun.State.ACTIVE)
        for run in active.filter(sequence__in=SEQUENCES).order_by("pk"):
            if engine.is_goal_reached(run, SEQUENCES[run.sequence]):
                engine.end(run, SequenceRun.State.GOAL)
