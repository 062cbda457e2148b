"""Daily: people who were active once and did nothing for thirty days enter the sequence that asks them back."""

from datetime import timedelta
from typing import Final

from django.utils import timezone

from mailing.models import Milestone
from mailing.sequences.consumers import enter
from mailing.sequences.steps import ACTIVITY, INACTIVE
from tenants.models import Tenant
from tenants.selectors import ref_of

AFTER: Final = timedelta(days=30)
# Nobody is asked back long after: the job looks at some days, so that one that fails for days misses no one.
WINDOW: Final = timedelta(days=7)


def enter_inactive() -> int:
    """Returns how many people were looked at. Scheduled, in public."""
    now = timezone.now()
    rows = Milestone.objects.filter(name=ACTIVITY, last_at__lte=now - AFTER, last_at__gt=now - AFTER - WINDOW)
    count = 0
    tenants: dict[object, Tenant | None] = {}
    for row in rows.order_by("last_at").iterator():
        if row.tenant_id not in tenants:
            tenants[row.tenant_id] = Tenant.objects.filter(pk=row.tenant_id, state__in=INACTIVE.states).first()
        tenant = tenants[row.tenant_id]
        if tenant is not None:
            enter(INACTIVE, ref_of(tenant), row.subject_id, entry=f"since:{row.last_at.date()}", at=row.last_at + AFTER)
            count += 1
    return count
