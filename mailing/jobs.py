"""Daily end of what the outbox need not keep."""

from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from mailing import suppression
from mailing.models import OutboxMessage

# Bodies without a secret stay readable in the console for so long.
BODY_RETENTION: Final = timedelta(days=30)
BATCH: Final = 1_000


def sweep() -> int:
    """Erase old bodies and delete suppressions that ended. Returns the number of rows. Scheduled, in public."""
    count = suppression.sweep()
    if settings.MAIL_KEEPS_BODIES:
        return count
    with_body = OutboxMessage.objects.exclude(Q(text="") & Q(html="")).order_by()
    old = with_body.filter(status=OutboxMessage.Status.SENT, sent_at__lt=timezone.now() - BODY_RETENTION)
    while keys := list(old.values_list("pk", flat=True)[:BATCH]):
        count += OutboxMessage.objects.filter(pk__in=keys).update(text="", html="")
    return count
