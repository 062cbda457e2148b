"""By the schedule: people are told, once a month and meter, that a limit comes near or is reached."""

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
from plans.meters import STANDS, meter_of, this_period
from tenants.breaker import RedisAway
from tenants.context import TenantRef, current_tenant, tenant_context
from tenants.models import Tenant
from tenants.queue import enqueue
from tenants.selectors import tenant_ref, tenant_url
from usage import notices
from usage import selectors as usage_selectors
from usage.models import QuotaCounter, QuotaNotice
from usage.notices import REACHED
from usage.types import Gauge

log = logging.getLogger(__name__)


def tell_waiting() -> int:
    """Ask for a job for each meter that crossed a threshold since the last time; how many. Every minute."""
    try:
        waiting = notices.take_waiting()
    except RedisAway:
        return 0
    return sum(_ask(tenant_id, meter, refused=refused) for tenant_id, meter, refused in waiting)


def look_at_all() -> int:
    """Find by the counters what was not told: Redis may have lost it. How many jobs were asked for. Every hour."""
    told = set(QuotaNotice.objects.filter(period=this_period()).values_list("tenant_id", "meter", "threshold_percent"))
    rows = QuotaCounter.objects.filter(period__in=[this_period(), STANDS.period], used__gt=0)
    asked = 0
    for tenant_id, meter in rows.order_by("tenant_id").values_list("tenant_id", "meter").iterator():
        try:
            threshold = _threshold(usage_selectors.gauge(tenant_ref(tenant_id), meter), refused=False)
        except Tenant.DoesNotExist:
            continue
        if threshold is not None and (tenant_id, meter, threshold) not in told:
            asked += _ask(tenant_id, meter, refused=False)
    return asked


def _ask(tenant_id: UUID, meter: str, *, refused: bool) -> bool:
    try:
        with tenant_context(tenant_ref(tenant_id)):
            enqueue(tell, meter=meter, refused=refused)
    except Tenant.DoesNotExist:
        return False
    return True


def tell(meter: str, refused: bool) -> bool:
    """Job: mail owners and admins of the workspace in context about a meter, if it is so and they were not told.

    Two at once, or a second run, mail once: the notice's row and the mails are one transaction.
    """
    tenant = current_tenant()
    gauge = usage_selectors.gauge(tenant, meter)
    threshold = _threshold(gauge, refused=refused)
    if threshold is None or tenant.state == Tenant.State.CLOSED:
        return False
    with transaction.atomic():
        if not _is_first(tenant, meter, threshold):
            return False
        if threshold == REACHED:
            # Who knows that it is reached need not hear that it was near.
            _is_first(tenant, meter, gauge.soft_percent)
        notices.forget_open(tenant)
        record(QuotaReached(subject_id=tenant.id, meter=Code(meter), percent=threshold))
        _mail(tenant, gauge, reached=threshold == REACHED)
    log.info("quota notice tenant=%s meter=%s threshold=%s", tenant.slug, meter, threshold)
    return True


def _threshold(gauge: Gauge, *, refused: bool) -> int | None:
    """What is to be told: 100, the meter's own threshold, or nothing. A refusal near the limit is the limit."""
    if not gauge.limit:
        return None
    percent = gauge.used * 100 / gauge.limit
    if percent >= REACHED or (refused and gauge.percent >= gauge.soft_percent):
        return REACHED
    return gauge.soft_percent if percent >= gauge.soft_percent else None


def _is_first(tenant: TenantRef, meter: str, threshold: int) -> bool:
    """True for the one who writes the notice. Whoever comes at the same time waits here, and finds it written."""
    _row, created = QuotaNotice.objects.get_or_create(
        tenant_id=tenant.id, period=this_period(), meter=meter, threshold_percent=threshold
    )
    return created


def _mail(tenant: TenantRef, gauge: Gauge, *, reached: bool) -> None:
    for person in User.objects.filter(role__in=MANAGERS, is_active=True).order_by("date_joined"):
        with translation.override(person.language or tenant.language):
            context: dict[str, Any] = {
                "name": person.name,
                "workspace": tenant.name,
                "address": tenant_url(tenant.domain),
                "usage_url": tenant_url(tenant.domain, "/settings/usage/"),
                "meter": gettext(plan_selectors.label_of(tenant, gauge.key)).split(" (")[0],
                "kind": meter_of(gauge.key).kind.value,
                "percent": gauge.percent,
                "reached": reached,
            }
            send(template="mail/quota", to=person.email, context=context)
