"""The end of a trial is announced seven, three and one days before, each once, to who owns the workspace."""

from datetime import timedelta

import pytest

from accounts.models import User
from mailing.models import OutboxMessage, SequenceMail, SequenceRun
from mailing.sequences import engine, trials
from notifications import mail_choices
from tenants.context import public_context, tenant_context
from tenants.models import Tenant
from tests.mailing.sequences import Clock, noon

State = Tenant.State


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch, noon())


@pytest.fixture(autouse=True)
def in_public(people, clock):
    with public_context():
        Tenant.objects.exclude(pk=people.home.id).update(state=State.ACTIVE)
        ends_in(people, clock, days=14)
        SequenceRun.objects.all().delete()
        OutboxMessage.objects.all().delete()
        yield


def ends_in(people, clock, **left):
    Tenant.objects.filter(pk=people.home.id).update(state=State.TRIAL, trial_ends_at=clock.at + timedelta(**left))


def run(times=2):
    for _time in range(times):
        trials.enter_ending()
        engine.run_due()


def subjects():
    rows = OutboxMessage.objects.order_by("pk").values_list("subject", flat=True)
    return [subject.replace("\u00a0", " ") for subject in rows]


def announced(days):
    return f"Espace Atelier : l’essai se termine dans {days}"


def test_three_mails_in_fourteen_days(people, clock):
    begun, days = clock.at, []
    for hour in range(0, 14 * 24 - 1, 3):
        clock.at = begun + timedelta(hours=hour)
        before = len(subjects())
        run()
        days += [hour // 24] * (len(subjects()) - before)
    assert subjects() == [announced("7 jours"), announced("3 jours"), announced("1 jour")] and days == [7, 11, 13]
    assert {tuple(row.to) for row in OutboxMessage.objects.all()} == {(people.owner.email,)}
    row = OutboxMessage.objects.first()
    assert row.kind == "transactional" and row.headers == {} and "/go/" in row.text
    assert SequenceMail.objects.count() == 3 and SequenceRun.objects.get().state == "done"


def test_after_days_of_standstill_only_what_is_true_is_announced(people, clock):
    ends_in(people, clock, days=5, minutes=-1)
    run()
    assert subjects() == [announced("5 jours")]
    clock.at += timedelta(days=4)
    run()
    assert subjects() == [announced("5 jours"), announced("1 jour")]


def test_a_later_end_begins_anew(people, clock):
    ends_in(people, clock, days=6)
    run()
    ends_in(people, clock, days=20)
    clock.at += timedelta(days=4)
    run()
    assert len(subjects()) == 1 and SequenceRun.objects.get().state == "stopped"
    clock.at += timedelta(days=9)
    run()
    assert subjects()[1:] == [announced("7 jours")]


def test_who_stopped_advice_learns_of_the_end(people, clock):
    with tenant_context(people.home):
        mail_choices.address_stop(people.owner.email)
    ends_in(people, clock, days=2)
    run()
    assert len(subjects()) == 1


@pytest.mark.parametrize("state", [State.ACTIVE, State.PAST_DUE, State.SUSPENDED, State.CLOSED])
def test_other_states_have_no_such_mail(people, clock, state):
    ends_in(people, clock, days=2)
    trials.enter_ending()
    Tenant.objects.filter(pk=people.home.id).update(state=state)
    run()
    assert subjects() == []


@pytest.mark.parametrize(("reminded", "then"), [(7, ["3 jours", "1 jour"]), (3, ["1 jour"]), (1, [])])
def test_what_was_reminded_before_the_update_is_not_repeated(people, clock, reminded, then):
    ends_in(people, clock, days=reminded, hours=-1)
    Tenant.objects.filter(pk=people.home.id).update(trial_reminded=reminded)
    run()
    assert subjects() == []
    begun = clock.at
    for hour in range(0, reminded * 24 - 1, 3):
        clock.at = begun + timedelta(hours=hour)
        run()
    assert subjects() == [announced(days) for days in then]


def test_a_mail_is_in_the_owners_language_and_names_the_day(people, clock):
    with tenant_context(people.home):
        User.objects.filter(pk=people.owner.pk).update(language="en")
    ends_in(people, clock, days=3, minutes=-1)
    run()
    mail = OutboxMessage.objects.get()
    assert mail.subject == "Workspace Atelier: the trial ends in 3 days" and "Hello" in mail.text
    assert str((clock.at + timedelta(days=3)).year) in mail.text
