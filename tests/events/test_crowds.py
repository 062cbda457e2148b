"""With real commits: two drains at once, commits out of order, the end of old facts."""

import threading
from datetime import timedelta

import pytest
from django.db import connections, transaction
from django.utils import timezone

from analytics.models import ActiveMember
from events import jobs
from events.catalogue import MemberSignedIn
from events.models import Delivery, StoredFact
from events.services import record
from tenants.context import public_context, tenant_context
from tenants.ids import new_id
from tests.events import consumers
from tests.outbox import drained

pytestmark = pytest.mark.committed


@pytest.fixture(autouse=True)
def clean(people):
    with public_context():
        Delivery.objects.all().delete()
    yield
    ActiveMember.objects.filter(tenant_id=people.home.id).delete()
    Delivery.objects.all().delete()


def tell(people):
    with transaction.atomic():
        return record(MemberSignedIn(subject_id=people.member.pk))


def in_thread(function):
    def run():
        try:
            function()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_drains_at_once_have_each_effect_once(consume, people):
    consume("writes", "take")
    for _ in range(60):
        tell(people)
    done = []
    threads = [in_thread(lambda: done.append(drained())) for _ in range(4)]
    for thread in threads:
        thread.join(60)
    assert sum(done) == 120
    assert ActiveMember.objects.filter(tenant_id=people.home.id).count() == 60
    assert len({event.id for _place, event in consumers.given}) == len(consumers.given) == 60
    assert not Delivery.objects.exists()


def test_a_fact_that_commits_after_later_ones_is_delivered(consume, people):
    consume("take")
    wrote, may_commit, keys = threading.Event(), threading.Event(), []

    def long():
        with tenant_context(people.home), transaction.atomic():
            keys.append(record(MemberSignedIn(subject_id=people.member.pk)))
            wrote.set()
            assert may_commit.wait(30)

    thread = in_thread(long)
    assert wrote.wait(30)
    later = tell(people)
    assert keys[0] < later, "its key is older"
    assert drained() == 1
    may_commit.set()
    thread.join(30)
    assert drained() == 1
    assert [event.id for _place, event in consumers.given] == [later, keys[0]]


def old_fact(people, days):
    """A fact whose key says that it is so old."""
    moment = timezone.now() - timedelta(days=days)
    key = jobs.first_id_of(moment)
    key = type(key)(int=key.int + (new_id().int & ((1 << 60) - 1)))
    return StoredFact.objects.create(
        id=key, tenant_id=people.home.id, name="member.signed_in", version=1, subject_id=people.member.pk, at=moment
    )


@pytest.fixture
def old_facts(people):
    made = [old_fact(people, days) for days in (40, 40, 31, 29)]
    yield made
    from tenants.sql import owner_transaction

    with owner_transaction() as owner:
        owner.execute("DELETE FROM public.events_storedfact WHERE id = ANY(%s)", [[row.pk for row in made]])


def left(rows):
    return [row.pk for row in rows if StoredFact.objects.filter(pk=row.pk).exists()]


def test_facts_that_nobody_waits_for_end_after_their_days_in_batches(old_facts, settings, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 1)
    settings.EVENTS_KEPT_DAYS = 30
    with public_context():
        assert jobs.sweep() == 3
        assert left(old_facts) == [old_facts[3].pk]
        assert jobs.sweep() == 0


def test_a_fact_that_is_waited_for_stays(old_facts, consume):
    consume("take")
    now = timezone.now()
    kept, dead, foreign = old_facts[:3]
    Delivery.objects.create(fact=kept, consumer="take", due_at=now + timedelta(days=1))
    Delivery.objects.create(fact=dead, consumer="take", due_at=now, dead_at=now)
    Delivery.objects.create(id=jobs.first_id_of(now - timedelta(days=32)), fact=foreign, consumer="gone", due_at=now)
    with public_context():
        assert jobs.sweep() == 1
    assert left(old_facts) == [kept.pk, dead.pk, old_facts[3].pk]


def test_both_jobs_run_by_the_clock(settings):
    names = {name: when for when, name in settings.SCHEDULE}
    assert names["events.jobs.drain"] == 60 and "events.jobs.sweep" in names
