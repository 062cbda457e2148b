"""Scheduled jobs of workspaces."""

from django.utils import timezone

from tenants.context import TenantRef, current
from tenants.queue import enqueue_everywhere
from workspace.members.invitations import end_expired


def end_invitations_everywhere() -> int:
    """Enqueue `end_invitations` for every workspace. Returns the number of jobs."""
    return enqueue_everywhere(end_invitations)


def end_invitations() -> int:
    """End the expired invitations of the workspace in context. Returns their number; nothing is done in public."""
    return end_expired(timezone.now()) if isinstance(current(), TenantRef) else 0
