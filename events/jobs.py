"""Jobs that deliver the facts of the outbox, after acts and by the schedule, and delete old facts."""

import time
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from events.delivery import claim_due, deliver_all
from events.models import Delivery, StoredFact
from events.services import DRAIN
from tenants import bell
from tenants.sql import owner_transaction

# Then the rest is left to another job, so that other jobs get the worker.
DRAIN_SECONDS: Final = 20
# Rows per DELETE, so that its locks are short.
BATCH: Final = 1_000


def drain() -> int:
    """Deliver all due facts. Returns their number. Several may run at once. Scheduled every minute, and after acts."""
    until = time.monotonic() + DRAIN_SECONDS
    delivered = 0
    while claims := claim_due():
        delivered += deliver_all(claims)
        if time.monotonic() >= until:
            bell.ring(DRAIN)
            break
    return delivered


def sweep() -> int:
    """Delete facts older than EVENTS_KEPT_DAYS without deliveries. Returns their number. Scheduled daily.

    Runs as the owner of the tables, because the application role may only insert facts. Pending deliveries of consumers
    that are no longer configured are deleted too; a dead letter keeps its fact until it is delivered.
    """
    oldest = first_id_of(timezone.now() - timedelta(days=settings.EVENTS_KEPT_DAYS))
    Delivery.objects.filter(pk__lt=oldest, dead_at=None).exclude(consumer__in=list(settings.EVENT_CONSUMERS)).delete()
    deleted_count = 0
    while True:
        with owner_transaction() as owner:
            deleted = owner.execute(_SWEEP, [oldest, BATCH]).rowcount
        deleted_count += deleted
        if deleted < BATCH:
            return deleted_count


_SWEEP: Final = (
    f'DELETE FROM public."{StoredFact._meta.db_table}" WHERE id IN ('
    f'SELECT f.id FROM public."{StoredFact._meta.db_table}" f WHERE f.id < %s AND NOT EXISTS ('
    f'SELECT 1 FROM public."{Delivery._meta.db_table}" d WHERE d.fact_id = f.id) ORDER BY f.id LIMIT %s)'
).encode()


def first_id_of(moment: datetime) -> UUID:
    """The smallest UUIDv7 of a moment: the keys of earlier rows are lower."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)
