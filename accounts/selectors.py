"""Reads of the audit log."""

from collections.abc import Iterable

from django.db.models import QuerySet

from accounts.models import AuditEntry, User


def audit_entries(targets: Iterable[str]) -> QuerySet[AuditEntry]:
    """The entries of the context's schema that name one of `targets`, newest first."""
    return AuditEntry.objects.filter(target__in=list(targets))


def acts_of(person: User, count: int) -> list[AuditEntry]:
    """The latest entries of the audit log whose actor is this person, newest first."""
    return list(AuditEntry.objects.filter(actor_id=person.pk).order_by("-id")[:count])
