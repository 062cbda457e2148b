"""Sequences: who enters, when a step leaves, what ends them; never twice."""

import os
import random
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection
from django.utils import timezone

from accounts.models import User
from events.catalogue import (
    ConversationBegun,
    MemberSignedIn,
    SubscriptionChanged,
    WorkspaceCreated,
    WorkspaceStateChanged,
)
from events.facts import Code
from events.types import Event
from mailing import services
from mailing.models import Milestone, OutboxMessage, SequenceMail, SequenceRun
from mailing.sequences import consumers, engine, hours, inactivity
from mailing.sequences.figures import step_figures
from mailing.sequences.steps import ACTIVITY, INACTIVE, ONBOARDING, SEQUENCES, WIN_BACK
from notifications import mail_choices
from tenants.breaker import quick_client
from tenants.context import public_context, tenant_context
from tenants.ids import new_id
from tenants.models import Tenant
from tests.mailing.sequences import Clock, entered, noon

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch, noon())


@pytest.fixture(autouse=True)
def started(people):
    with public_context():
        Tenant.objects.filter(pk=people.home.id).update(state="trial")
        SequenceRun.objects.all().delete()


def heard(people, fact, at=None):
    with tenant_context(people.home):
        consumers.follow(Event(new_id(), people.home.id, at or timezone.now(), fact))


def run_due():
    with public_context():
        return engine.run_due()


def mails():
    return list(OutboxMessage.objects.filter(kind="sequence").order_by("pk"))


def walked(clock, days):
    """The job at noon of each day."""
    begun = clock.at
    for day in range(days + 1):
        clock.at = begun + timedelta(days=day)
        run_due()


def test_a_new_workspace_walks_its_owner_through_all_days(people, clock):
    heard(people, WorkspaceCreated(subject_id=people.home.id, plan=Code("starter")), at=clock.at - timedelta(hours=3))
    begun = clock.at
    days = {}
    for day in range(20):
        clock.at = begun + timedelta(days=day)
        before = len(mails())
        run_due()
        run_due()
        if len(mails()) > before:
            days[day] = mails()[-1].subject
    assert list(days) == [0, 1, 3, 7, 10, 14]
    assert {tuple(row.to) for row in mails()} == {(people.owner.email,)}
    run = SequenceRun.objects.get(person_id=people.owner.pk)
    assert run.state == "done" and all(row.headers["List-Unsubscribe"] for row in mails())


def test_a_step_that_is_needless_is_passed_over(people, clock):
    entered(people, ONBOARDING, at=clock.at - timedelta(hours=3))
    heard(people, ConversationBegun(subject_id=new_id(), actor_id=people.owner.pk, assistant_id=new_id()))
    run_due()
    assert mails() == [] and SequenceRun.objects.get().step == 1


@pytest.mark.parametrize(("status", "state"), [("active", "goal"), ("incomplete", "active"), ("canceled", "active")])
def test_choosing_a_plan_ends_the_start(people, clock, status, state):
    entered(people, ONBOARDING, at=noon(days_ago=1))
    fields = {"plan": Code("pro"), "interval": Code("month"), "mrr": 0, "ends_with_period": False}
    heard(people, SubscriptionChanged(subject_id=new_id(), status=Code(status), **fields))
    assert SequenceRun.objects.get().state == state


def test_quiet_hours_hold_in_the_readers_zone(people, clock):
    User.objects.filter(pk=people.owner.pk).update(time_zone="America/Martinique")
    entered(people, ONBOARDING, at=clock.at - timedelta(hours=3))
    run_due()
    run = SequenceRun.objects.get()
    assert mails() == [] and run.next_at.astimezone(ZoneInfo("America/Martinique")).hour == 9
    clock.at = run.next_at
    run_due()
    assert len(mails()) == 1


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        (datetime(2026, 3, 28, 18, 59, tzinfo=PARIS), datetime(2026, 3, 28, 18, 59, tzinfo=PARIS)),
        (datetime(2026, 3, 28, 19, 0, tzinfo=PARIS), datetime(2026, 3, 29, 9, 0, tzinfo=PARIS)),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), datetime(2026, 10, 25, 8, 0, tzinfo=UTC)),
    ],
)
def test_the_next_open_hour_follows_the_clocks_of_summer(at, opens):
    assert hours.next_open(at, PARIS) == opens


def test_an_unknown_zone_is_the_platforms():
    assert hours.zone_of("Mars/Olympus") == hours.zone_of("") == PARIS


@pytest.mark.parametrize("change", ["unsubscribed", "inactive", "another role", "suspended"])
def test_a_person_who_may_not_be_written_to_leaves(people, clock, change):
    entered(people, ONBOARDING, at=clock.at - timedelta(hours=3))
    if change == "unsubscribed":
        mail_choices.address_stop(people.owner.email)
    elif change == "inactive":
        User.objects.filter(pk=people.owner.pk).update(is_active=False)
    elif change == "another role":
        User.objects.filter(pk=people.owner.pk).update(role="member")
    else:
        Tenant.objects.filter(pk=people.home.id).update(state="suspended")
    run_due()
    assert mails() == [] and SequenceRun.objects.get().state == "stopped"


def test_days_of_standstill_do_not_send_all_at_once(people, clock):
    entered(people, ONBOARDING, at=clock.at - timedelta(days=8))
    run_due()
    run_due()
    assert len(mails()) == 1
    assert SequenceRun.objects.get().next_at == clock.at + engine.MIN_GAP


def test_one_entry_is_one_run(people, clock):
    for _time in range(2):
        heard(people, WorkspaceCreated(subject_id=people.home.id, plan=Code("starter")))
    assert SequenceRun.objects.count() == 1


def test_a_suspended_workspace_is_asked_back_until_it_opens(people, clock):
    fact = WorkspaceStateChanged(subject_id=people.home.id, before=Tenant.State.TRIAL, after=Tenant.State.SUSPENDED)
    heard(people, fact, at=clock.at)
    Tenant.objects.filter(pk=people.home.id).update(state="suspended")
    walked(clock, 8)
    assert [row.subject for row in mails()] == [str(WIN_BACK.steps[0].subject)]
    fact = WorkspaceStateChanged(subject_id=people.home.id, before=Tenant.State.SUSPENDED, after=Tenant.State.ACTIVE)
    heard(people, fact, at=clock.at)
    assert SequenceRun.objects.get().state == "goal"
    figures = {(str(row.sequence), str(row.step)): row for row in step_figures()}
    row = figures[(str(WIN_BACK.label), str(WIN_BACK.steps[0].subject))]
    assert (row.sent, row.goals) == (0, 1)


def test_a_person_away_for_a_month_is_asked_back_once(people, clock):
    heard(people, MemberSignedIn(subject_id=people.member.pk, actor_id=people.member.pk), at=noon(days_ago=31))
    heard(people, MemberSignedIn(subject_id=people.admin.pk, actor_id=people.admin.pk), at=noon(days_ago=2))
    with public_context():
        assert inactivity.enter_inactive() == 1
        assert inactivity.enter_inactive() == 1
    run_due()
    run_due()
    assert [row.to for row in mails()] == [[people.member.email]]
    assert SequenceRun.objects.get().state == "done"


def test_coming_back_before_the_mail_ends_it(people, clock):
    run = entered(people, INACTIVE, at=clock.at - timedelta(hours=1), person=people.member)
    heard(people, MemberSignedIn(subject_id=people.member.pk, actor_id=people.member.pk), at=clock.at)
    run.refresh_from_db()
    assert run.state == "goal" and Milestone.objects.get(name=ACTIVITY).subject_id == people.member.pk


def test_a_click_is_counted_once_and_leads_into_the_workspace(people, clock, client_for):
    entered(people, ONBOARDING, at=clock.at - timedelta(hours=3))
    run_due()
    path = re.search(r"/go/[^\s]+/", mails()[0].text)[0]
    client = client_for(None)
    assert client.head(path).status_code == 302 and SequenceMail.objects.get().clicked_at is None
    answer = client.get(path)
    assert (answer.status_code, answer["Location"]) == (302, "/conversations/")
    first = SequenceMail.objects.get().clicked_at
    client.get(path)
    assert first and SequenceMail.objects.get().clicked_at == first
    figures = step_figures()[0]
    assert figures.clicked == 1
    assert client.get(path[:-8] + "/")["Location"] == "/"
    assert client_for(None, host=people.away.domain).get(path)["Location"] == "/"


def test_the_console_shows_figures_and_runs(people, clock, client_for):
    entered(people, ONBOARDING, at=clock.at - timedelta(hours=3))
    run_due()
    OutboxMessage.objects.filter(kind="sequence").update(status="sent", report="delivered")
    with public_context():
        page = client_for(people.operator).get("/admin/mailing/sequencerun/").content.decode()
    row = re.search(r"<td>Votre premier texte en deux minutes</td>(.*?)</tr>", page, re.DOTALL)[1]
    assert re.findall(r">(\d+)<", row) == ["1", "1", "0", "0"]


def test_every_step_reads_well_in_both_languages():
    for sequence in SEQUENCES.values():
        for step in sequence.steps:
            assert step.path.startswith("/") and len(str(step.subject)) <= 60


sent: list[str] = []
LUCK = random.Random(7)


class DiesNowAndThen(BaseEmailBackend):
    """Sends, and in one of twenty tries dies before or after."""

    def send_messages(self, messages):
        for message in messages:
            luck = LUCK.random()
            if luck < 0.025:
                raise KeyboardInterrupt
            sent.append(message.metadata["outbox"])
            if luck < 0.05:
                raise KeyboardInterrupt
        return len(messages)


def test_steps_replayed_with_crashes_are_mailed_exactly_once(people, clock, settings):
    """60 steps; 10,002 with RUCHE_FUZZ=all. Processes die in any statement, and while a mail leaves."""
    count = 1_667 if os.environ.get("RUCHE_FUZZ") == "all" else 10
    settings.MAIL_TRANSPORT = f"{__name__}.DiesNowAndThen"
    sent.clear()
    LUCK.seed(7)
    quick_client().delete(services._PAUSE_KEY)
    begun = clock.at
    for _number in range(count):
        entered(people, ONBOARDING, at=begun - timedelta(hours=3))
    crashes = 0

    def dies(execute, sql, params, many, context):
        if LUCK.random() < 0.02 and "SAVEPOINT" not in sql:
            raise KeyboardInterrupt
        return execute(sql, params, many, context)

    for day in range(40):
        clock.at = begun + timedelta(days=day)
        for _process in range(max(30, count)):
            try:
                with connection.execute_wrapper(dies):
                    if not run_due():
                        break
            except KeyboardInterrupt:
                crashes += 1
    with public_context():
        assert set(SequenceRun.objects.values_list("state", flat=True)) == {"done"}
        rows = mails()
        assert len(rows) == SequenceMail.objects.count() == count * len(ONBOARDING.steps)
        assert len({row.dedupe_key for row in rows}) == len(rows) and crashes > count / 2
        for _process in range(3):
            for row in rows:
                try:
                    services.deliver(str(row.pk))
                except KeyboardInterrupt:
                    crashes += 1
                OutboxMessage.objects.filter(pk=row.pk, status="waiting").update(taken_until=None)
    assert len(sent) == len(set(sent)), "no mail twice"
    given_up = OutboxMessage.objects.filter(kind="sequence", status="failed").count()
    delivered = OutboxMessage.objects.filter(kind="sequence", status="sent").count()
    assert delivered + given_up == len(rows) and delivered <= len(sent) and given_up < len(rows) / 8
