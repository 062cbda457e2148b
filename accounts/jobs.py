"""Scheduled jobs that delete expired sessions and e-mail confirmations, schema by schema."""

from typing import Any, Final

from allauth.account.models import EmailConfirmation
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from tenants.queue import enqueue_everywhere

# Rows per statement, which bounds the time that locks are held.
BATCH: Final = 1_000


def clear_everywhere() -> int:
    """Enqueue `clear_here` for public and every workspace. Returns the number of jobs."""
    return enqueue_everywhere(clear_here)


def clear_here() -> int:
    """Delete the expired sessions and e-mail confirmations of the schema in context. Returns the number of rows."""
    expired = Session.objects.filter(expire_date__lt=timezone.now())
    return _delete(expired) + _delete(EmailConfirmation.objects.all_expired())


def _delete(rows: QuerySet[Any]) -> int:
    deleted_count = 0
    while keys := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        deleted, _by_model = rows.filter(pk__in=keys).delete()
        deleted_count += deleted
        if len(keys) < BATCH:
            break
    return deleted_count
