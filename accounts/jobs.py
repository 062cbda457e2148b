"""Scheduled: what signing in leaves behind is deleted once it opens nothing any more, schema by schema."""

from typing import Any, Final

from allauth.account.models import EmailConfirmation
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils import timezone

from tenants.queue import enqueue_everywhere

# A statement that deletes more would hold its locks, and its worker, longer than anybody should wait.
BATCH: Final = 1_000


def clear_everywhere() -> int:
    """Ask for `clear_here` in public and in every workspace; how many jobs were asked for."""
    return enqueue_everywhere(clear_here)


def clear_here() -> int:
    """Delete the sessions and e-mail confirmations of the schema in context that have expired; how many."""
    ended = Session.objects.filter(expire_date__lt=timezone.now())
    return _delete(ended) + _delete(EmailConfirmation.objects.all_expired())


def _delete(rows: QuerySet[Any]) -> int:
    gone = 0
    while keys := list(rows.order_by().values_list("pk", flat=True)[:BATCH]):
        deleted, _by_model = rows.filter(pk__in=keys).delete()
        gone += deleted
        if len(keys) < BATCH:
            break
    return gone
