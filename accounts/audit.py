"""The audit log's one door, for services only: who writes the act writes its entry, in the same transaction."""

from typing import Any

from accounts.models import AuditEntry, User
from tenants.actors import SYSTEM
from tenants.logs import request_id


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
