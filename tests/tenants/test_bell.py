"""Jobs that many acts ask for: asked for once, by a thread, and again once one has begun."""

import time

import pytest

from tenants import bell, queue
from tenants.breaker import RedisAway, quick_client
from tenants.context import no_context

NAME = "tests.outbox.drained"


@pytest.fixture
def pushed(monkeypatch):
    found = []
    monkeypatch.setattr(queue, "_push", lambda name, tenant_id, kwargs, once: found.append((name, tenant_id, once)))
    quick_client().delete(queue._asked_key(NAME))
    yield found
    quick_client().delete(queue._asked_key(NAME))


def until(found, many):
    ends = time.monotonic() + 10
    while len(found) < many and time.monotonic() < ends:
        time.sleep(0.01)
    return found


def test_a_burst_is_asked_for_once_by_a_thread(pushed):
    with no_context():
        for _ in range(20):
            bell.ring(NAME)
    assert until(pushed, 1) == [(NAME, None, True)]


def test_what_was_asked_for_and_has_not_begun_is_not_asked_for_again(pushed):
    queue.ask_once(NAME)
    queue.ask_once(NAME)
    assert len(pushed) == 1
    queue.run(name=NAME, tenant_id=None, arguments={}, once=True)
    queue.ask_once(NAME)
    assert len(pushed) == 2


def test_a_job_that_rings_has_asked_when_it_ends(pushed, monkeypatch):
    monkeypatch.setattr(bell, "BURST_SECONDS", 30)
    queue.run(name=f"{__name__}.rings", tenant_id=None, arguments={})
    assert pushed == [(NAME, None, True)]


def rings():
    bell.ring(NAME)


def test_without_redis_nothing_is_asked_for_and_nobody_hears_of_it(pushed, monkeypatch):
    def away(function):
        raise RedisAway

    monkeypatch.setattr(queue.REDIS, "call", away)
    queue.ask_once(NAME)
    assert pushed == []
