"""The weekly report: on Monday, in working hours where the reader lives, what a workspace did the week before.

Owners and administrators get it, unless they stopped it. A week without work has no report: other mails ask people
back.
"""

import datetime as dt
from typing import Any, Final

from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import localize
from django.utils.module_loading import import_string
from django.utils.translation import gettext

from accounts.access import MANAGERS
from accounts.models import User
from analytics.selectors import WeekFigures, week_figures, workspaces_at_work
from mailing.sequences import hours
from mailing.services import is_written, send
from mailing.types import WEEKLY
from tenants.context import TenantRef, current_tenant, public_context, tenant_context
from tenants.models import Tenant
from tenants.queue import enqueue
from tenants.selectors import ref_of, tenant_url
from ui.labels import without_unit
from ui.templatetags.ui import money
from usage import notices
from usage.types import Gauge

WEEK: Final = dt.timedelta(days=7)
_OPEN: Final = (Tenant.State.TRIAL, Tenant.State.ACTIVE, Tenant.State.PAST_DUE)


def enqueue_reports() -> int:
    """Enqueue `report` for each open workspace that worked the week before. Returns how many.

    Scheduled every hour of Sunday and Monday in UTC: Monday morning comes to all time zones within these.
    """
    monday = _monday_of(timezone.now())
    busy = workspaces_at_work(monday - WEEK, monday)
    tenants = Tenant.objects.filter(pk__in=busy, state__in=_OPEN)
    count = 0
    for tenant in tenants.iterator():
        with tenant_context(ref_of(tenant)):
            enqueue(report, monday=monday.isoformat())
        count += 1
    return count


def _monday_of(now: dt.datetime) -> dt.date:
    """The Monday that is now, or begins within a day, in UTC."""
    day = now.astimezone(dt.UTC).date() + dt.timedelta(days=1)
    return day - dt.timedelta(days=day.weekday())


def report(monday: str) -> int:
    """Job: mail the report of the week before `monday` to those in whose zone it is time. Returns how many mails."""
    tenant, day, now = current_tenant(), dt.date.fromisoformat(monday), timezone.now()
    if tenant.state not in _OPEN:
        return 0
    readers = User.objects.filter(role__in=MANAGERS, is_active=True)
    waiting = [person for person in readers if _is_time(person, day, now) and not is_written(_key(person, day))]
    if not waiting:
        return 0
    with public_context():
        week, before = (week_figures(tenant.id, start, start + WEEK) for start in (day - WEEK, day - 2 * WEEK))
    count = 0
    for person in waiting:
        link = import_string(settings.MAIL_STOP_LINK)(person, WEEKLY)
        if link:
            _mail(tenant, person, day, week, before, link)
            count += 1
    return count


def _is_time(person: User, monday: dt.date, now: dt.datetime) -> bool:
    zone = hours.zone_of(person.time_zone)
    return now.astimezone(zone).date() == monday and hours.next_open(now, zone) == now


def _key(person: User, monday: dt.date) -> str:
    return f"weekly:{current_tenant().id.hex}:{person.pk.hex}:{monday.isoformat()}"


def _mail(tenant: TenantRef, person: User, monday: dt.date, week: WeekFigures, before: WeekFigures, link: str) -> None:
    usage_url = tenant_url(tenant.domain, "/settings/usage/")
    with translation.override(person.language or tenant.language):
        send(
            template="weekly_report",
            to=person.email,
            dedupe_key=_key(person, monday),
            unsubscribe_url=link,
            context={
                "name": person.name,
                "workspace": tenant.name,
                "address": tenant_url(tenant.domain),
                "usage_url": usage_url,
                "since": monday - WEEK,
                "until": monday - dt.timedelta(days=1),
                "answers": _compared(week.answers, before.answers),
                "contents": _compared(week.contents, before.contents),
                "people": _compared(week.people, before.people),
                "cost": money(week.cost),
                "limits": [{"words": _near(near.gauge), "url": usage_url} for near in notices.near_limits(tenant)],
            },
        )


def _near(gauge: Gauge) -> str:
    values: dict[str, Any] = {"meter": without_unit(gauge.label), "percent": gauge.percent}
    return gettext("%(percent)s %% utilisés : %(meter)s.") % values


def _compared(now: int, before: int) -> str:
    values: dict[str, Any] = {"now": localize(now), "before": localize(before)}
    return gettext("%(now)s (la semaine d’avant : %(before)s)") % values
