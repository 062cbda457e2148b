"""The backlog of the outbox, for the console."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from events.models import Delivery

WAITING = Q(dead_at=None, tries=0)
RETRYING = Q(dead_at=None, tries__gt=0)
DEAD = Q(dead_at__isnull=False)


@dataclass(frozen=True)
class Backlog:
    """Deliveries before their first try, before a retry, and dead. `oldest`: date of the oldest pending fact."""

    waiting: int
    retrying: int
    dead: int
    oldest: datetime | None


def backlog() -> Backlog:
    """The backlog, in one query."""
    figures = Delivery.objects.aggregate(
        waiting=Count("pk", filter=WAITING),
        retrying=Count("pk", filter=RETRYING),
        dead=Count("pk", filter=DEAD),
        oldest=Min("fact__at", filter=~DEAD),
    )
    return Backlog(**figures)
