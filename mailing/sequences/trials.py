"""The end of a trial: its owners enter a sequence seven days before, and leave it when its date changes."""

from typing import Final
from uuid import UUID

from django.utils import timezone

from mailing.models import SequenceRun
from mailing.sequences.consumers import enter_owners
from mailing.sequences.steps import TRIAL_ENDING, TRIAL_LEAD
from tenants.context import tenant_context
from tenants.fleet.applied import is_behind
from tenants.models import Tenant
from tenants.selectors import ref_of

# Last reminder in days -> the step that comes next.
_AFTER_REMINDER: Final = {7: 1, 3: 2, 1: 3}


def enter_ending() -> int:
    """Have the owners enter whose trial ends within seven days, once for each end. Scheduled hourly, in public.

    Returns the number of workspaces.
    """
    now = timezone.now()
    ending = Tenant.objects.filter(
        state=Tenant.State.TRIAL, trial_ends_at__gt=now, trial_ends_at__lte=now + TRIAL_LEAD
    ).order_by("trial_ends_at")
    count = 0
    for tenant in ending.iterator():
        ref = ref_of(tenant)
        if is_behind(ref) or ref.trial_ends_at is None:
            continue
        with tenant_context(ref):
            entry = f"ends:{ref.trial_ends_at.isoformat(timespec='seconds')}"
            enter_owners(TRIAL_ENDING, ref, entry=entry, at=ref.trial_ends_at - TRIAL_LEAD)
        if tenant.trial_reminded:
            _skip_reminded(ref.id, entry, tenant.trial_reminded)
        count += 1
    return count


def _skip_reminded(tenant_id: UUID, entry: str, days: int) -> None:
    """Pass over the steps whose mail was sent as a reminder, before there was this sequence."""
    step = _AFTER_REMINDER.get(days, 0)
    runs = SequenceRun.objects.filter(sequence=TRIAL_ENDING.code, tenant_id=tenant_id, entry=entry, step__lt=step)
    for run in runs.filter(state=SequenceRun.State.ACTIVE):
        if step >= len(TRIAL_ENDING.steps):
            runs.filter(pk=run.pk).update(state=SequenceRun.State.DONE, ended_at=timezone.now())
        else:
            due = run.entered_at + TRIAL_ENDING.steps[step].after
            runs.filter(pk=run.pk).update(step=step, next_at=max(due, timezone.now()))
