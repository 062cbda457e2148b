"""The audit log's one door."""

from typing import Any

from django.utils.translation import gettext_noop

from accounts.models import AuditEntry, User
from tenants.logs import request_id

# Written as it is, translated where it is read.
SYSTEM = gettext_noop("système")


def record(action: str, *, actor: User | None = None, label: str = "", target: str = "", **details: Any) -> None:
    """Write one entry in the schema of the context, in the caller's transaction."""
    AuditEntry.objects.create(
        actor_id=actor.pk if actor else None,
        actor=actor.email if actor else label or SYSTEM,
        action=action,
        target=target[:200],
        details=details,
        request_id=request_id.get()[:20],
    )
