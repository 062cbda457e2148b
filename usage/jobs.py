"""Jobs that mail owners and admins, once a month and meter, that a limit is near or reached."""

import logging
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext

from accounts.access import MANAGERS
from accounts.models import User
from events.catalogue import Code, QuotaReached
from events.services import record
from mailing.services import send
from plans import selectors as plan_selectors
from plans.meters import STANDING_SLOT, Kind, meter_of, this_period
from tenants.breaker import RedisAway
from tenants.context import TenantRef, current_tenant, tenant_context
from tenants.models import Tenant
from tenants.queue import enqueue
from tenants.selectors import tenant_ref, tenant_url
from ui.labels import without_unit
from usage import notices
from usage import selectors as usage_selectors
from usage.models import QuotaCounter, QuotaNotice
from usage.notices import REACHED
from usage.types import Gauge

log = logging.getLogger(__name__)


def enqueue_notices() -> int:
    """Enqueue a job for each pending notice; returns their number. Scheduled every minute."""
    try:
        pending = notices.pop_pending()
    except RedisAway:
        return 0
    return sum(_enqueue(tenant_id, meter, refused=refused) for tenant_id, meter, refused in pending)


def enqueue_missed_notices() -> int:
    """Enqueue notices that Redis lost, found from the counters; returns their number. Scheduled every hour."""
    sent = set(QuotaNotice.objects.filter(period=this_period()).values_list("tenant_id", "meter", "threshold_percent"))
    counters = QuotaCounter.objects.filter(period__in=[this_period(), STANDING_SLOT.period], used__gt=0)
    count = 0
    for tenant_id, meter in counters.order_by("tenant_id").values_list("tenant_id", "meter").iterator():
        try:
            threshold = _threshold(usage_selectors.gauge(tenant_ref(tenant_id), meter), refused=False)
        except Tenant.DoesNotExist:
            continue
        if threshold is not None and (tenant_id, meter, threshold) not in sent:
            count += _enqueue(tenant_id, meter, refused=False)
    return count


def _enqueue(tenant_id: UUID, meter: str, *, refused: bool) -> bool:
    try:
        with tenant_context(tenant_ref(tenant_id)):
            enqueue(notify, meter=meter, refused=refused)
    except Tenant.DoesNotExist:
        return False
    return True


def notify(meter: str, refused: bool) -> bool:
    """Job: mail owners and admins of the workspace in context that a meter is near or at its limit. True if sent.

    Sends once, even when it runs twice: the notice and the mails are written in one transaction.
    """
    tenant = current_tenant()
    gauge = usage_selectors.gauge(tenant, meter)
    threshold = _threshold(gauge, refused=refused)
    if threshold is None or tenant.state == Tenant.State.CLOSED:
        return False
    with transaction.atomic():
        if not _claim_notice(tenant, meter, threshold):
            return False
        if threshold == REACHED:
            # After this mail, the one that the limit is near is not needed.
            _claim_notice(tenant, meter, gauge.soft_percent)
        notices.forget_sent(tenant)
        record(QuotaReached(subject_id=tenant.id, meter=Code(meter), percent=threshold))
        _mail(tenant, gauge, reached=threshold == REACHED)
    log.info("quota notice tenant=%s meter=%s threshold=%s", tenant.slug, meter, threshold)
    return True


def _threshold(gauge: Gauge, *, refused: bool) -> int | None:
    """The threshold in percent to notify: 100, the warning threshold, or None.

    A refusal past the warning threshold counts as 100.
    """
    if not gauge.limit:
        return None
    percent = gauge.used * 100 / gauge.limit
    if percent >= REACHED or (refused and gauge.percent >= gauge.soft_percent):
        return REACHED
    return gauge.soft_percent if percent >= gauge.soft_percent else None


def _claim_notice(tenant: TenantRef, meter: str, threshold: int) -> bool:
    """True where this call inserts the notice. A concurrent call waits for its transaction and returns False."""
    _row, created = QuotaNotice.objects.get_or_create(
        tenant_id=tenant.id, period=this_period(), meter=meter, threshold_percent=threshold
    )
    return created


def _mail(tenant: TenantRef, gauge: Gauge, *, reached: bool) -> None:
    for manager in User.objects.filter(role__in=MANAGERS, is_active=True).order_by("date_joined"):
        with translation.override(manager.language or tenant.language):
            context: dict[str, Any] = {
                "name": manager.name,
                "workspace": tenant.name,
                "address": tenant_url(tenant.domain),
                "usage_url": tenant_url(tenant.domain, "/settings/usage/"),
                "meter": without_unit(gettext(plan_selectors.label_of(tenant, gauge.key))),
                "is_monthly": meter_of(gauge.key).kind is Kind.MONTH,
                "percent": gauge.percent,
            }
            template = "quota_reached" if reached else "quota_near"
            send(template=template, to=manager.email, context=context)
