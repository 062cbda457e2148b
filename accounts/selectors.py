"""Reads of the audit log."""

from collections.abc import Iterable

from django.db.models import QuerySet

from accounts.models import AuditEntry


def audit_entries(targets: Iterable[str]) -> QuerySet[AuditEntry]:
    """The entries of the context's schema that name one of `targets`, newest first."""
    return AuditEntry.objects.filter(target__in=list(targets))
