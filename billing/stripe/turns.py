"""Mutual exclusion of calls to Stripe per workspace, without a database lock or connection held during the calls.

A row with a key and an end (a lease) marks the turn, so slow calls do not block other work on the workspace's rows.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

import stripe
from django.utils import timezone

from billing.models import StripeTurn
from tenants.context import public_context
from tenants.executors import give_back_connection
from tenants.ids import new_id

# Longer than all calls of one turn; a process that dies during its turn blocks the next one for this time at most.
LEASE_DURATION: Final = timedelta(seconds=90)
WAIT_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 0.1


class TurnTaken(stripe.APIConnectionError):
    """Raised if another turn of the workspace does not end within `WAIT_SECONDS`. Stripe was not called."""

    def __init__(self) -> None:
        super().__init__("somebody else speaks with stripe for this workspace", should_retry=False)  # type: ignore[no-untyped-call]


@contextmanager
def turn(tenant_id: UUID) -> Iterator[None]:
    """Hold the workspace's turn during the block. Not reentrant. Raises `TurnTaken`."""
    key, until = new_id(), time.monotonic() + WAIT_SECONDS
    while not _take(tenant_id, key):
        if time.monotonic() >= until:
            raise TurnTaken
        give_back_connection()
        time.sleep(RETRY_SECONDS)
    try:
        yield
    finally:
        with public_context():
            StripeTurn.objects.filter(tenant_id=tenant_id, key=key).delete()


def _take(tenant_id: UUID, key: UUID) -> bool:
    now = timezone.now()
    with public_context():
        if StripeTurn.objects.filter(tenant_id=tenant_id, until__lte=now).update(key=key, until=now + LEASE_DURATION):
            return True
        StripeTurn.objects.bulk_create(
            [StripeTurn(tenant_id=tenant_id, key=key, until=now + LEASE_DURATION)], ignore_conflicts=True
        )
        return StripeTurn.objects.filter(tenant_id=tenant_id, key=key).exists()
