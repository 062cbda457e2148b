"""Scheduled job of sign-up."""

from typing import Final

from django.utils import timezone

from signup.models import SignupRequest
from tenants.context import public_context

BATCH: Final = 1_000


def sweep() -> int:
    """Delete the expired requests, a thousand at a time. Returns how many."""
    deleted_count = 0
    with public_context():
        expired = SignupRequest.objects.filter(expires_at__lt=timezone.now())
        while keys := list(expired.order_by("expires_at").values_list("pk", flat=True)[:BATCH]):
            deleted, _by_model = SignupRequest.objects.filter(pk__in=keys).delete()
            deleted_count += deleted
    return deleted_count
