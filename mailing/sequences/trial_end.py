"""What a run and its mail depend on: the end of the workspace's trial."""

from typing import Any

from mailing.models import SequenceRun
from mailing.sequences.steps import TRIAL_ENDING, TRIAL_LEAD
from tenants.context import TenantRef
from tenants.trials import days_left


def is_outdated(run: SequenceRun, tenant: TenantRef) -> bool:
    """Whether the run is about another end of the trial than the one that holds."""
    if run.sequence != TRIAL_ENDING.code:
        return False
    return tenant.trial_ends_at is None or run.entered_at != tenant.trial_ends_at - TRIAL_LEAD


def details(tenant: TenantRef) -> dict[str, Any]:
    """What the mail says of the end."""
    if tenant.trial_ends_at is None:
        return {"days": 0, "ends_at": None}
    return {"days": days_left(tenant.trial_ends_at), "ends_at": tenant.trial_ends_at}
