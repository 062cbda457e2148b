"""Trials: 14 days, without a card or Stripe; then read-only. Mails before the end: mailing/sequences/trials.py."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants import lifecycle, selectors
from tenants.actors import SYSTEM
from tenants.context import TenantRef, public_context
from tenants.models import Tenant
from tenants.services import change_state

log = logging.getLogger(__name__)
State = Tenant.State
MAX_EXTENSION = timedelta(days=90)
SUSPENDED_RETENTION = timedelta(days=60)
TRIAL_ENDED = "fin de l’essai"


def days_left(ends_at: datetime) -> int:
    """Days until the end of a trial, rounded up; 0 after the end."""
    left = ends_at - timezone.now()
    return max(0, -(-left // timedelta(days=1)))


def extend_trial(*, tenant_id: Any, ends_at: datetime, reason: str, actor: str) -> TenantRef:
    """Set a later end of a trial, as the operator. A workspace suspended by the end of its trial is resumed.

    Raises `ValidationError` if there is no trial, or if the date is past, not later, or too far away.
    """
    with public_context(), transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        _validate_extension(tenant, ends_at)
        before, tenant.trial_ends_at, tenant.trial_reminded = tenant.trial_ends_at, ends_at, None
        tenant.version += 1
        tenant.save(update_fields=["trial_ends_at", "trial_reminded", "version"])
        selectors.forget_hosts(tenant.pk)
        lifecycle.run("trial_extended", selectors.ref_of(tenant), before=before, reason=reason, actor=actor)
        if tenant.state == State.SUSPENDED:
            return change_state(tenant_id=tenant_id, state=State.TRIAL, reason=reason, actor=actor)
        return selectors.ref_of(tenant)


def _validate_extension(tenant: Tenant, ends_at: datetime) -> None:
    ended = tenant.state == State.SUSPENDED and tenant.state_reason == TRIAL_ENDED
    if tenant.trial_ends_at is None or not (tenant.state == State.TRIAL or ended):
        raise ValidationError(_("Cet espace n’est pas en essai."), code="no_trial")
    if ends_at <= max(timezone.now(), tenant.trial_ends_at):
        raise ValidationError(_("Choisissez une date après la fin prévue de l’essai, et à venir."), code="too_early")
    if ends_at > timezone.now() + MAX_EXTENSION:
        raise ValidationError(_("Un essai se prolonge de 90 jours au plus."), code="too_late")


def expire_trials() -> int:
    """Suspend the workspaces whose trial has ended. Returns how many. Scheduled every few minutes."""
    due = Tenant.objects.filter(state=State.TRIAL, trial_ends_at__lte=timezone.now())
    return _for_each(due.values_list("pk", flat=True), _expire)


def _expire(tenant_id: UUID) -> bool:
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        # Checked again under the lock: the trial may have been extended or converted.
        if tenant.state != State.TRIAL or tenant.trial_ends_at is None or tenant.trial_ends_at > timezone.now():
            return False
        ref = change_state(tenant_id=tenant_id, state=State.SUSPENDED, reason=TRIAL_ENDED, actor=SYSTEM)
        lifecycle.run("trial_ended", ref)
        return True


def close_long_suspended() -> int:
    """Close the workspaces suspended for 60 days. Returns how many. Scheduled daily."""
    due = Tenant.objects.filter(state=State.SUSPENDED, state_since__lt=timezone.now() - SUSPENDED_RETENTION)
    return _for_each(due.values_list("pk", flat=True), _close)


def _close(tenant_id: UUID) -> bool:
    with transaction.atomic():
        tenant = Tenant.objects.select_for_update().get(pk=tenant_id)
        if tenant.state != State.SUSPENDED or tenant.state_since >= timezone.now() - SUSPENDED_RETENTION:
            return False
        ref = change_state(tenant_id=tenant_id, state=State.CLOSED, reason="suspendu depuis 60 jours", actor=SYSTEM)
        lifecycle.run("closed_by_time", ref)
        return True


def _for_each(keys: Any, function: Callable[[UUID], bool]) -> int:
    """Call `function` for each key and sum the results. An exception is logged and does not stop the others."""
    done = 0
    for key in list(keys):
        try:
            done += function(key)
        except Exception:
            log.exception("trial not moved on: tenant=%s", key)
    return done
