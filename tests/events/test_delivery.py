"""Delivery: in the workspace's context, at least once, in effect once; failures, dead letters, reruns."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from analytics.models import ActiveMember
from events import delivery, services
from events.models import Delivery, StoredFact
from events.selectors import backlog
from tenants.context import public_context, tenant_context
from tenants.fleet import applied
from tenants.models import Tenant
from tenants.queue import JobTimeout
from tests.events import consumers
from tests.outbox import drained


@pytest.fixture(autouse=True)
def empty_outbox():
    """What the run's own workspaces have left is of no matter here."""
    Delivery.objects.all().delete()


def of(consumer):
    return Delivery.objects.get(consumer=consumer)


def later(monkeypatch, **by):
    now = timezone.now() + timedelta(**by)
    monkeypatch.setattr(timezone, "now", lambda: now)


def effects():
    return ActiveMember.objects.count()


def test_a_consumer_is_given_the_fact_in_its_workspaces_context(consume, signed_in, people):
    consume("take")
    key = signed_in()
    with tenant_context(people.away):
        signed_in(people.stranger)
    assert drained() == 2
    assert {(place, event.fact.subject_id) for place, event in consumers.given} == {
        ("atelier", people.member.pk),
        ("voisine", people.stranger.pk),
    }
    first = consumers.given[0][1]
    assert first.id == key and first.at == StoredFact.objects.get(pk=key).at
    assert drained() == 0 and Delivery.objects.count() == 0


def test_its_writes_are_of_that_schema_alone(consume, signed_in, people):
    consume("renames")
    with tenant_context(people.away):
        signed_in(people.twin)
    drained()
    with tenant_context(people.away):
        assert User.objects.get(pk=people.twin.pk).name == "told member.signed_in"
    assert not User.objects.filter(name="told member.signed_in").exists()


def test_one_that_fails_stops_neither_others_nor_later_facts(consume, signed_in):
    consume("fails", "take")
    consumers.errors.append(ValueError("un texte de l’espace"))
    signed_in(), signed_in()
    assert drained() == 2
    assert [place for place, _event in consumers.given] == ["atelier", "atelier"]
    assert {row.consumer for row in Delivery.objects.all()} == {"fails"}
    assert effects() == 0, "what a failed try wrote is undone"


def test_an_error_is_kept_by_kind_and_place_without_its_words(consume, signed_in):
    consume("fails")
    consumers.errors.append(ValueError("un texte de l’espace"))
    signed_in()
    drained()
    said = of("fails").error
    assert said.startswith("ValueError, consumers.py:") and "texte" not in said


def test_it_is_tried_again_later_and_then_given(consume, signed_in, monkeypatch):
    consume("fails")
    consumers.errors.append(ValueError())
    signed_in()
    assert drained() == 0
    consumers.errors.clear()
    assert drained() == 0, "not before its time"
    later(monkeypatch, minutes=1, seconds=1)
    assert drained() == 1 and effects() == 1
    assert drained() == 0


def test_after_six_tries_it_is_a_dead_letter_until_an_operator_runs_it_again(consume, signed_in, monkeypatch):
    consume("fails")
    consumers.errors.append(ValueError())
    signed_in()
    for _try in range(delivery.MAX_TRIES):
        assert of("fails").dead_at is None
        assert drained() == 0
        later(monkeypatch, hours=7)
    row = of("fails")
    assert row.dead_at is not None and row.tries == delivery.MAX_TRIES
    consumers.errors.clear()
    assert drained() == 0 and (backlog().dead, backlog().waiting) == (1, 0)
    with public_context():
        assert [one.pk for one in services.deliveries_rerun([row.pk])] == [row.pk]
        assert services.deliveries_rerun([row.pk]) == []
    assert (backlog().dead, backlog().waiting) == (0, 1)
    assert drained() == 1 and effects() == 1


def test_a_process_that_dies_of_a_fact_does_not_hold_up_the_others(consume, signed_in, monkeypatch):
    consume("take")
    for _ in range(3):
        signed_in()
    # Claimed, and never ended: the process was killed.
    assert len(delivery.claim_due()) == 3
    assert drained() == 0, "they are another process's for a while"
    later(monkeypatch, minutes=7)
    assert len(delivery.claim_due()) == 1, "what was tried before goes one at a time"
    assert drained() == 2


def test_one_whose_process_died_each_time_is_a_dead_letter(consume, signed_in, monkeypatch):
    consume("take")
    signed_in()
    for _try in range(delivery.MAX_TRIES):
        assert len(delivery.claim_due()) == 1
        later(monkeypatch, minutes=7)
    assert drained() == 0 and consumers.given == []
    row = of("take")
    assert row.dead_at and "ended each time" in row.error


def test_the_workers_limit_ends_the_drain_and_counts_as_a_try(consume, signed_in):
    consume("runs_out_of_time")
    signed_in()
    with pytest.raises(JobTimeout):
        drained()
    assert (of("runs_out_of_time").tries, effects()) == (1, 0)


def test_who_lost_its_claim_to_another_has_no_effect(consume, signed_in, monkeypatch):
    consume("writes")
    signed_in()
    old = delivery.claim_due()
    later(monkeypatch, minutes=7)
    new = delivery.claim_due()
    with public_context():
        assert delivery.deliver_all(old) == 0
        assert effects() == 0
        assert delivery.deliver_all(new) == 1
        assert delivery.deliver_all(new) == 0
    assert effects() == 1


@pytest.mark.parametrize("state", ["suspended", "closed"])
def test_a_workspace_that_is_read_only_hears_its_facts(consume, signed_in, people, state):
    consume("take")
    signed_in()
    Tenant.objects.filter(pk=people.home.id).update(state=state)
    assert drained() == 1


def test_what_a_deleted_workspace_did_not_hear_is_dropped(consume, signed_in, people):
    consume("take")
    key = signed_in()
    StoredFact.objects.get(pk=key)
    Tenant.objects.filter(pk=people.home.id).delete()
    assert drained() == 0
    assert not Delivery.objects.exists() and StoredFact.objects.filter(pk=key).exists()


def test_a_consumer_that_misses_a_workspace_has_failed(consume, signed_in):
    """It is not taken for a fact whose own workspace is gone, which is dropped."""
    consume("fails")
    consumers.errors.append(Tenant.DoesNotExist())
    signed_in()
    assert drained() == 0
    assert (of("fails").tries, of("fails").error.split(",")[0]) == (1, "DoesNotExist") and effects() == 0


def test_a_workspace_behind_its_code_waits_and_loses_no_try(consume, signed_in, people, monkeypatch):
    consume("take")
    signed_in()
    keys = applied.read(people.home.schema_name)
    with public_context(), connection.cursor() as cursor:
        lacks = keys - {max(key for key in keys if key[0] == "library")}
        applied.remember(cursor, people.home.schema_name, applied.remember_set(cursor, lacks))
    assert drained() == 0
    assert (of("take").tries, of("take").dead_at) == (0, None)
    Tenant.objects.filter(pk=people.home.id).update(applied=people.home.applied)
    later(monkeypatch, minutes=2)
    assert drained() == 1


def test_a_consumer_that_this_code_does_not_have_waits(consume, signed_in):
    consume("take", "writes")
    signed_in()
    consume("writes")
    assert drained() == 1
    assert of("take").tries == 0
    consume("take")
    assert drained() == 1


def test_a_fact_that_this_code_does_not_have_is_a_failure_like_another(consume, signed_in):
    consume("take")
    key = signed_in()
    row = StoredFact.objects.get(pk=key)
    row.version = 9
    with public_context():
        (claim,) = delivery.claim_due()
        assert delivery._deliver(claim, row, {}) is False
    assert of("take").error.startswith("KeyError")


def test_a_drain_takes_all_there_is_in_few_statements(consume, signed_in, django_assert_max_num_queries):
    consume("take")
    for _ in range(15):
        signed_in()
    # Claims, facts and the workspace once; for each a savepoint and the end of the row (the update of the mark aside).
    with django_assert_max_num_queries(75):
        assert drained() == 15
