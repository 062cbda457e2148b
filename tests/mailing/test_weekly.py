"""The weekly report: who gets it, when, once, and with which figures."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import User
from analytics import weekly
from analytics.models import ActiveMember, DailyFigures
from mailing.models import OutboxMessage
from mailing.types import WEEKLY
from notifications import mail_choices
from plans.types import TOKENS
from tenants.context import public_context, tenant_context
from tenants.ids import new_id
from tenants.models import Tenant
from usage import jobs as usage_jobs
from usage import services
from usage.types import Act

MONDAY = date(2026, 11, 30)
NINE_IN_PARIS = datetime(2026, 11, 30, 8, 20, tzinfo=UTC)


@pytest.fixture(autouse=True)
def worked(people):
    """Two days of work the week before, one the week before that."""
    with public_context():
        OutboxMessage.objects.all().delete()
        member = new_id()
        for days, answers in ((3, 5), (7, 2), (8, 11)):
            day = MONDAY - timedelta(days=days)
            DailyFigures.objects.create(
                tenant_id=people.home.id, day=day, answers=answers, contents=1, cost=Decimal("0.0625")
            )
            ActiveMember.objects.create(tenant_id=people.home.id, day=day, member_id=member)


def at(monkeypatch, moment):
    monkeypatch.setattr(timezone, "now", lambda: moment)


def report(people, times=1):
    with tenant_context(people.home):
        return [weekly.report(MONDAY.isoformat()) for _time in range(times)]


def mails():
    with public_context():
        return list(OutboxMessage.objects.order_by("pk"))


def test_owners_and_admins_get_it_once(people, monkeypatch):
    at(monkeypatch, NINE_IN_PARIS)
    first, second = report(people, times=2)
    with tenant_context(people.home):
        managers = set(User.objects.filter(role__in=("owner", "admin"), is_active=True).values_list("email", flat=True))
    assert (first, second) == (len(managers), 0)
    assert {mail.to[0] for mail in mails()} == managers and people.owner.email in managers
    assert people.member.email not in managers


def test_its_figures_are_those_of_both_weeks(people, monkeypatch):
    at(monkeypatch, NINE_IN_PARIS)
    report(people)
    mail = mails()[0]
    text = mail.text.replace("\u00a0", " ").replace("\u202f", " ")
    # Seven and three days before are in the week, eight is in the one before.
    assert "7 (la semaine d’avant : 11)" in text and "2 (la semaine d’avant : 1)" in text
    assert "1 (la semaine d’avant : 1)" in text and "0,125 €" in text
    assert "23 novembre 2026" in text and "29 novembre 2026" in text
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize(
    ("language", "words"),
    [("fr", "85 % utilisés : Jetons d’IA par mois."), ("en", "85% used: AI tokens per month.")],
)
def test_limits_that_are_near_are_named_in_the_readers_language(people, grant, monkeypatch, language, words):
    # Before the counters are written: they are of the month that is now.
    at(monkeypatch, NINE_IN_PARIS)
    grant(TOKENS, Decimal(1000))
    with tenant_context(people.home):
        User.objects.filter(role__in=("owner", "admin")).update(language=language)
        held = services.reserve(Act("test", new_id()), {TOKENS: Decimal(850)})
        services.settle(held.id, {TOKENS: Decimal(850)})
        usage_jobs.notify(TOKENS, refused=False)
    with public_context():
        OutboxMessage.objects.all().delete()
    report(people)
    mail = mails()[0]
    assert words in mail.text.replace("\u00a0", " ").replace("\u202f", " ")
    assert "<ul" in mail.html


def test_without_a_near_limit_there_is_no_list(people, monkeypatch):
    at(monkeypatch, NINE_IN_PARIS)
    report(people)
    assert "<ul" not in mails()[0].html and "Proche d’une limite" not in mails()[0].text


@pytest.mark.parametrize(
    ("zone", "moment", "is_sent"),
    [
        ("", NINE_IN_PARIS - timedelta(hours=1), False),
        ("", NINE_IN_PARIS + timedelta(hours=9), True),
        ("", NINE_IN_PARIS + timedelta(hours=11), False),
        ("Pacific/Auckland", datetime(2026, 11, 29, 20, 20, tzinfo=UTC), True),
        ("America/Martinique", NINE_IN_PARIS, False),
        ("America/Martinique", datetime(2026, 11, 30, 13, 20, tzinfo=UTC), True),
        ("", NINE_IN_PARIS + timedelta(days=1), False),
    ],
)
def test_it_comes_on_monday_in_working_hours_of_the_reader(people, monkeypatch, zone, moment, is_sent):
    with tenant_context(people.home):
        User.objects.filter(role__in=("owner", "admin")).update(time_zone=zone)
    at(monkeypatch, moment)
    assert bool(report(people)[0]) is is_sent


def test_who_stopped_it_gets_none_but_keeps_the_advice(people, monkeypatch):
    at(monkeypatch, NINE_IN_PARIS)
    with tenant_context(people.home):
        mail_choices.mail_stop(people.owner, [WEEKLY])
        assert mail_choices.stop_link(people.owner, "advice")
    report(people)
    assert people.owner.email not in {mail.to[0] for mail in mails()}


def test_only_open_workspaces_that_worked_are_asked(people, monkeypatch):
    asked = []
    monkeypatch.setattr(weekly, "enqueue", lambda job, monday: asked.append((weekly.current_tenant().id, monday)))
    for moment in (NINE_IN_PARIS, NINE_IN_PARIS - timedelta(hours=20)):
        at(monkeypatch, moment)
        with public_context():
            weekly.enqueue_reports()
    assert asked == [(people.home.id, "2026-11-30")] * 2
    with public_context():
        Tenant.objects.filter(pk=people.home.id).update(state=Tenant.State.SUSPENDED)
        assert weekly.enqueue_reports() == 0
