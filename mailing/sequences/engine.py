"""The clock of the sequences: each due run makes one step, in one transaction with its mail.

The run's row is locked, the mail, its record and the run's next date are written together, and a mail has a key of run
and step: whatever process dies when, a step is in the outbox once or not yet. The outbox does not send a mail again
whose process died while it left (mailing/services.py).
"""

import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.module_loading import import_string

from accounts.models import Role, User
from mailing.catalogue.advice import key_of
from mailing.models import Milestone, OutboxMessage, SequenceMail, SequenceRun
from mailing.sequences import hours, trial_end
from mailing.sequences.clicks import click_url
from mailing.sequences.steps import SEQUENCES, TRIAL_ENDING, Sequence, Step
from mailing.services import send
from mailing.types import ADVICE
from tenants.context import TenantRef, public_context, tenant_context
from tenants.fleet.applied import is_behind
from tenants.ids import new_id
from tenants.models import Tenant
from tenants.selectors import ref_of, tenant_url

log = logging.getLogger(__name__)
State = SequenceRun.State
# Steps of one call of the job; the next call does the others.
BATCH: Final = 500
# Between two mails of a run, also after the platform stood still for days.
MIN_GAP: Final = timedelta(hours=20)
RETRY: Final = timedelta(minutes=30)


def run_due() -> int:
    """Make the steps that are due. Returns how many runs were looked at. Scheduled, in public."""
    count = 0
    while count < BATCH and _run_one():
        count += 1
    return count


def _run_one() -> bool:
    now = timezone.now()
    due = SequenceRun.objects.filter(state=State.ACTIVE, next_at__lte=now).order_by("next_at")
    key: UUID | None = None
    try:
        with transaction.atomic():
            run = due.select_for_update(skip_locked=True).first()
            if run is None:
                return False
            key = run.pk
            _advance(run, now)
            return True
    except Exception:
        # One that fails does not stop the others: it comes again later.
        log.exception("step of a sequence failed run=%s", key)
        if key is None:
            raise
        SequenceRun.objects.filter(pk=key, state=State.ACTIVE).update(next_at=now + RETRY)
        return True


def _advance(run: SequenceRun, now: datetime) -> None:
    """Mail the next step of a locked run, or pass over it, or end the run."""
    sequence = SEQUENCES.get(run.sequence)
    tenant = Tenant.objects.filter(pk=run.tenant_id).first()
    if sequence is None or tenant is None or run.step >= len(sequence.steps):
        return end(run, State.DONE if sequence else State.STOPPED)
    if is_goal_reached(run, sequence):
        return end(run, State.GOAL)
    ref = ref_of(tenant)
    if ref.state not in sequence.states or trial_end.is_outdated(run, ref):
        return end(run, State.STOPPED)
    if is_behind(ref):
        run.next_at = now + RETRY
        run.save(update_fields=["next_at"])
        return None
    if sequence.is_latest_only:
        run.step = max(run.step, _latest_due(run, sequence, now))
    step = sequence.steps[run.step]
    if step.unless and _is_needless(run, step):
        return _go_on(run, sequence, now, mailed=False)
    with tenant_context(ref):
        person = User.objects.filter(pk=run.person_id, is_active=True).first()
        is_stoppable = person is not None and not sequence.is_transactional
        link = import_string(settings.MAIL_STOP_LINK)(person, ADVICE) if is_stoppable else ""
    if person is None or (is_stoppable and not link) or (not sequence.is_goal_personal and person.role != Role.OWNER):
        return end(run, State.STOPPED)
    at = hours.next_open(now, hours.zone_of(person.time_zone))
    if at > now:
        run.next_at = at
        run.save(update_fields=["next_at"])
        return None
    _mail(run, step, ref, person, link)
    return _go_on(run, sequence, now, mailed=True)


def _mail(run: SequenceRun, step: Step, tenant: TenantRef, person: User, link: str) -> None:
    mail_id, dedupe_key = new_id(), f"seq:{run.pk}:{step.code}"
    with tenant_context(tenant), translation.override(person.language or tenant.language):
        send(
            template=key_of(run.sequence, step),
            to=person.email,
            dedupe_key=dedupe_key,
            unsubscribe_url=link,
            context={
                "name": person.name,
                "workspace": tenant.name,
                "address": tenant_url(tenant.domain),
                "url": click_url(tenant, mail_id, step.path),
                **(trial_end.details(tenant) if run.sequence == TRIAL_ENDING.code else {}),
            },
        )
    with public_context():
        message = OutboxMessage.objects.only("pk").get(dedupe_key=dedupe_key)
        SequenceMail.objects.create(id=mail_id, run=run, sequence=run.sequence, step=step.code, message=message)


def _latest_due(run: SequenceRun, sequence: Sequence, now: datetime) -> int:
    return max((at for at, step in enumerate(sequence.steps) if run.entered_at + step.after <= now), default=0)


def _go_on(run: SequenceRun, sequence: Sequence, now: datetime, *, mailed: bool) -> None:
    run.step += 1
    if run.step >= len(sequence.steps):
        return end(run, State.DONE)
    due = run.entered_at + sequence.steps[run.step].after
    run.next_at = max(due, now + MIN_GAP) if mailed else max(due, now)
    run.save(update_fields=["step", "next_at"])
    return None


def end(run: SequenceRun, state: str) -> None:
    run.state, run.ended_at = state, timezone.now()
    run.save(update_fields=["step", "state", "ended_at"])


def is_goal_reached(run: SequenceRun, sequence: Sequence) -> bool:
    subject = run.person_id if sequence.is_goal_personal else run.tenant_id
    milestones = Milestone.objects.filter(tenant_id=run.tenant_id, subject_id=subject, name=sequence.goal)
    return milestones.filter(last_at__gt=run.entered_at).exists()


def _is_needless(run: SequenceRun, step: Step) -> bool:
    return Milestone.objects.filter(
        tenant_id=run.tenant_id, subject_id=run.tenant_id, name=step.unless, count__gte=step.unless_count
    ).exists()
