"""Writing to the audit log. Called by services only, in the transaction of the action."""

from typing import Any

from accounts.models import AuditEntry, User
from tenants.actors import SYSTEM
from tenants.logs import request_id


def record(action: str, *, actor: User | None = None, label: str = "", target: str = "", **details: Any) -> None:
    """Write one entry in the schema of the context, in the caller's transaction. `label`: an actor without account."""
    AuditEntry.objects.create(
        actor_id=actor.pk if actor else None,
        actor=actor.email if actor else label or SYSTEM,
        action=action,
        target=target[:200],
        details=details,
        request_id=request_id.get()[:20],
    )
