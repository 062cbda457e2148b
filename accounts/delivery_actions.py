"""Actions of the operator on the outbox of facts, with audit entries, which `events` cannot write."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts import audit
from accounts.models import User
from events import services


def deliveries_rerun(*, keys: Iterable[Any], reason: str, actor: User) -> int:
    """Reset the attempts of failed deliveries, in the public schema. Returns the number; other states are unchanged."""
    with transaction.atomic():
        rows = services.deliveries_rerun(UUID(str(key)) for key in keys)
        for row in rows:
            audit.record("delivery.rerun", actor=actor, target=row.consumer, fact=str(row.fact_id), reason=reason)
    return len(rows)
