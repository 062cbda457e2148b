"""Trials: reminded, ended, extended; what is suspended too long is closed."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import AuditEntry
from mailing.models import OutboxMessage
from tenants import services, trials
from tenants.context import public_context, tenant_context
from tenants.models import Tenant

State = Tenant.State


@pytest.fixture(autouse=True)
def in_public(people):
    with public_context():
        # Everybody else's trial is far from its end.
        Tenant.objects.update(trial_ends_at=timezone.now() + timedelta(days=12), state=State.TRIAL)
        OutboxMessage.objects.all().delete()
        yield


def ending(people, **left) -> None:
    Tenant.objects.filter(pk=people.home.id).update(trial_ends_at=timezone.now() + timedelta(**left))


def home(people) -> Tenant:
    return Tenant.objects.get(pk=people.home.id)


def mails() -> list[tuple[list[str], str]]:
    return list(OutboxMessage.objects.order_by("id").values_list("to", "subject"))


def test_a_trial_that_ended_is_read_only_and_keeps_everything(people, client_for):
    ending(people, seconds=-1)
    assert trials.expire_trials() == 1
    tenant = home(people)
    assert (tenant.state, tenant.state_reason) == (State.SUSPENDED, trials.TRIAL_ENDED)
    ((to, subject),) = mails()
    assert to == ["owner@atelier.test"] and subject == "Espace Atelier : l’essai est terminé"
    client = client_for(people.owner)
    assert client.get("/library/").status_code == 200
    assert client.post("/conversations/", {"text": "x"}).status_code == 403
    assert trials.expire_trials() == 0 and len(mails()) == 1


def test_a_trial_that_runs_and_one_that_pays_go_on(people):
    ending(people, minutes=5)
    assert trials.expire_trials() == 0
    ending(people, seconds=-1)
    Tenant.objects.filter(pk=people.home.id).update(state=State.ACTIVE)
    assert trials.expire_trials() == 0 and home(people).state == State.ACTIVE


def test_one_that_cannot_be_moved_holds_up_no_other(people, monkeypatch):
    Tenant.objects.filter(pk__in=[people.home.id, people.away.id]).update(trial_ends_at=timezone.now())
    real = services.change_state

    def failing(*, tenant_id, **rest):
        if tenant_id == people.home.id:
            raise RuntimeError("behind")
        return real(tenant_id=tenant_id, **rest)

    monkeypatch.setattr(trials, "change_state", failing)
    assert trials.expire_trials() == 1
    assert Tenant.objects.get(pk=people.away.id).state == State.SUSPENDED and home(people).state == State.TRIAL


def extend(people, **ahead):
    ends = timezone.now() + timedelta(**ahead)
    return trials.extend_trial(tenant_id=people.home.id, ends_at=ends, reason="le comptable hésite", actor="op@x.test")


def test_an_extension_is_kept_in_both_logs(people):
    ending(people, days=2)
    ref = extend(people, days=30)
    assert ref.state == State.TRIAL and ref.trial_ends_at > timezone.now() + timedelta(days=29)
    for context in (public_context(), tenant_context(people.home)):
        with context:
            entry = AuditEntry.objects.get(action="tenant.trial_extended")
            assert entry.details["reason"] == "le comptable hésite"


def test_an_ended_trial_that_is_extended_runs_again_at_once(people, client_for):
    ending(people, seconds=-1)
    trials.expire_trials()
    extend(people, days=7)
    assert home(people).state == State.TRIAL
    assert client_for(people.owner).get("/library/").status_code == 200


@pytest.mark.parametrize(
    ("state", "ahead", "code"),
    [
        (State.TRIAL, {"days": -1}, "too_early"),
        (State.TRIAL, {"days": 11}, "too_early"),
        (State.TRIAL, {"days": 91}, "too_late"),
        (State.ACTIVE, {"days": 20}, "no_trial"),
        (State.CLOSED, {"days": 20}, "no_trial"),
        # Suspended for a bill, not for the end of a trial.
        (State.SUSPENDED, {"days": 20}, "no_trial"),
    ],
)
def test_what_cannot_be_extended_is_refused_and_stays(people, state, ahead, code):
    Tenant.objects.filter(pk=people.home.id).update(state=state, state_reason="facture impayée")
    before = Tenant.objects.filter(pk=people.home.id).values().get()
    with pytest.raises(ValidationError) as refused:
        extend(people, **ahead)
    assert refused.value.code == code
    assert Tenant.objects.filter(pk=people.home.id).values().get() == before


def test_sixty_days_of_suspension_close_and_thirty_more_delete(people):
    since = timezone.now() - timedelta(days=60, minutes=1)
    Tenant.objects.filter(pk=people.home.id).update(state=State.SUSPENDED, state_since=since)
    assert trials.close_long_suspended() == 1
    assert home(people).state == State.CLOSED
    ((_to, subject),) = mails()
    assert subject == "L’espace Atelier est fermé"
    assert "30 jours" in OutboxMessage.objects.get().text
    assert trials.close_long_suspended() == 0
    # Deleted by the job that follows, thirty days on: tests/tenants/test_life.py.


def test_a_suspension_that_is_younger_stays(people):
    since = timezone.now() - timedelta(days=59)
    Tenant.objects.filter(pk=people.home.id).update(state=State.SUSPENDED, state_since=since)
    assert trials.close_long_suspended() == 0 and home(people).state == State.SUSPENDED
