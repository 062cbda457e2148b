"""Draining the outbox (asked for by acts, and by the clock), and the end of what was delivered long ago."""

import time
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from events.delivery import claim, deliver_all
from events.models import Delivery, StoredFact
from events.services import DRAIN
from tenants import bell
from tenants.sql import owner_transaction

# Then other jobs have their turn, and the rest goes on in another one.
DRAIN_SECONDS: Final = 20
# A statement that deletes more would hold its locks longer than anybody should wait.
BATCH: Final = 1_000


def drain() -> int:
    """Deliver all that is due; how many. Several may run at once. Every minute, and after acts."""
    until = time.monotonic() + DRAIN_SECONDS
    delivered = 0
    while claims := claim():
        delivered += deliver_all(claims)
        if time.monotonic() >= until:
            bell.ring(DRAIN)
            break
    return delivered


def sweep() -> int:
    """Delete the facts older than EVENTS_KEPT_DAYS that nobody waits for; how many. Scheduled daily.

    It acts as the owner of the tables, for the application only adds facts. What a consumer that is named no more did
    not take ends too; a dead letter keeps its fact until it is run again.
    """
    oldest = first_id_of(timezone.now() - timedelta(days=settings.EVENTS_KEPT_DAYS))
    Delivery.objects.filter(pk__lt=oldest, dead_at=None).exclude(consumer__in=list(settings.EVENT_CONSUMERS)).delete()
    gone = 0
    while True:
        with owner_transaction() as owner:
            deleted = owner.execute(_SWEEP, [oldest, BATCH]).rowcount
        gone += deleted
        if deleted < BATCH:
            return gone


_SWEEP: Final = (
    f'DELETE FROM public."{StoredFact._meta.db_table}" WHERE id IN ('
    f'SELECT f.id FROM public."{StoredFact._meta.db_table}" f WHERE f.id < %s AND NOT EXISTS ('
    f'SELECT 1 FROM public."{Delivery._meta.db_table}" d WHERE d.fact_id = f.id) ORDER BY f.id LIMIT %s)'
).encode()


def first_id_of(moment: datetime) -> UUID:
    """The smallest UUIDv7 of a moment: keys of rows made before it are below."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
