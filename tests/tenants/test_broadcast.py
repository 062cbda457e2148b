"""A word to every process: heard within a second, never believed when it may not have been heard."""

import os
import time

import pytest
import redis
from django.db import transaction

from tenants import broadcast, shared_cache
from tenants.breaker import PAUSE_SECONDS, Breaker, RedisAway
from tenants.shared_cache import SharedCache
from tests.servers import with_database
from tests.tenants.peer import Peer


@pytest.fixture
def wired(wired_peer):
    """A peer, and its wire to Redis, as if both were new."""
    peer, wire = wired_peer
    wire.flow()
    peer.ask("until_connected")
    peer.ask("all_heard")
    return wired_peer


@pytest.fixture
def words():
    """A cache of this process, connected."""
    cache = SharedCache("words", seconds=60, max_entries=3)
    until = time.monotonic() + 5
    while not broadcast.connected() and time.monotonic() < until:
        time.sleep(0.01)
    assert broadcast.connected()
    yield cache
    broadcast._subscribers.remove(("words", cache.drop))
    shared_cache._caches.remove(cache)


def server():
    return redis.Redis.from_url(os.environ["REDIS_URL"])


def test_a_word_reaches_every_process(peers):
    for number, sender in enumerate(peers):
        assert sender.ask("publish", topic="peers", key=f"word-{number}") is True
        for peer in peers:
            assert peer.ask("hears", key=f"word-{number}") < 1


def test_other_topics_and_other_databases_are_not_heard(peers):
    for peer in peers:
        peer.ask("all_heard")
    elsewhere = Peer(redis_url=with_database(os.environ["REDIS_URL"], "0"))
    try:
        elsewhere.ask("publish", topic="peers", key="from database 0")
    finally:
        elsewhere.stop()
    peers[0].ask("publish", topic="others", key="not for peers")
    peers[0].ask("publish", topic="peers", key="last")
    for peer in peers:
        peer.ask("hears", key="last")
        assert peer.ask("all_heard") == ["last"]


def test_a_message_of_another_version_of_the_code_forgets_everything(peers):
    for peer in peers:
        peer.ask("all_heard")
    server().publish(broadcast._channel(), "what is this")
    for peer in peers:
        assert peer.ask("hears", key="*") < 1


def test_a_killed_connection_forgets_everything_and_comes_back(peers):
    for peer in peers:
        peer.ask("all_heard")
    assert server().client_kill_filter(_type="pubsub") >= 2
    for peer in peers:
        assert peer.ask("hears", key="*") < 1
        assert peer.ask("until_connected") < 1
    peers[0].ask("publish", topic="peers", key="again")
    assert peers[1].ask("hears", key="again") < 1


def test_a_forked_child_listens_for_itself(peers):
    at_once, connected, heard = peers[0].ask("fork_and_hear", key="child")
    assert at_once is False and connected < 1 and heard < 1
    # The parent's own connection was not touched.
    assert peers[0].ask("connected") is True
    peers[1].ask("publish", topic="peers", key="parent")
    assert peers[0].ask("hears", key="parent") < 1


def test_a_silent_redis_is_not_believed_within_a_second(wired):
    peer, wire = wired
    wire.hang()
    time.sleep(broadcast.TRUST_SECONDS + 0.1)
    assert peer.ask("connected") is False
    # Shorter than the silence after which the connection is given up: what was said meanwhile arrives in order.
    broadcast.publish("peers", "said meanwhile")
    wire.flow()
    assert peer.ask("hears", key="said meanwhile") < 1
    assert peer.ask("until_connected") < 1


def test_who_was_away_forgets_when_it_goes_and_when_it_is_back(wired):
    peer, wire = wired
    wire.cut()
    assert peer.ask("hears", key="*") < 1
    # What was remembered in between was remembered deaf.
    peer.ask("all_heard")
    wire.flow()
    peer.ask("until_connected")
    assert "*" in peer.ask("all_heard")


def test_what_could_not_be_said_is_made_good(wired, peers):
    peer, wire = wired
    wire.cut()
    for other in peers:
        other.ask("all_heard")
    assert peer.ask("publish", topic="peers", key="lost") is False
    wire.flow()
    # It does not say what was lost, but that something was.
    for other in peers:
        assert other.ask("hears", key="*", seconds=broadcast.MAX_WAIT_SECONDS + 1) < broadcast.MAX_WAIT_SECONDS + 1


def test_a_value_is_loaded_once_until_it_is_forgotten(words):
    loads = []

    def load():
        loads.append(1)
        return len(loads)

    assert [words.get("a", load), words.get("a", load)] == [1, 1]
    words.drop("b")
    assert words.get("a", load) == 1
    words.drop("a")
    assert words.get("a", load) == 2


def test_a_value_read_before_a_change_is_not_kept(words):
    def slow():
        # Somebody changes the row after we have read it.
        words.drop("a")
        return "old"

    assert words.get("a", slow) == "old"
    assert words.get("a", lambda: "new") == "new"
    assert words.peek("a") == "new"


def test_it_is_bounded_and_its_values_age(words):
    for key in "abcd":
        words.get(key, lambda: "x")
    assert words.peek("a") is None and words.peek("d") == "x"
    short = SharedCache("words", seconds=0.01)
    short.get("a", lambda: "x")
    time.sleep(0.02)
    assert short.peek("a") is None


def test_a_change_in_a_transaction_is_seen_there_and_told_at_its_end(words, on_commit):
    words.get("a", lambda: "old")
    with on_commit(execute=False) as told, transaction.atomic():
        words.forget("a")
        assert shared_cache.changed_here("words") and not shared_cache.changed_here("others")
        # Ours alone until the commit: read each time, kept never.
        assert words.get("a", lambda: "new") == "new"
        assert words.peek("a") is None
    assert len(told) == 1


def test_a_change_undone_is_not_told(words, on_commit):
    with on_commit(execute=False) as told:
        with pytest.raises(ValueError), transaction.atomic():
            words.forget("a")
            raise ValueError
        assert not shared_cache.changed_here("words")
    assert told == []


def test_a_failure_to_tell_does_not_undo_what_was_done(on_commit, caplog):
    def fail():
        raise ValueError("no")

    with on_commit(execute=True):
        shared_cache.after_commit("words", fail)
    assert "change not published" in caplog.text


def test_one_failure_spares_the_others_the_wait():
    breaker, asked = Breaker(), []

    def fail():
        asked.append(1)
        raise redis.TimeoutError

    for _ in range(5):
        with pytest.raises(RedisAway):
            breaker.call(fail)
    assert len(asked) == 1 and breaker.outages == 1
    # An answer to an older question does not count, one to a newer does.
    breaker.succeeded(time.monotonic() - 60)
    with pytest.raises(RedisAway):
        breaker.call(lambda: 1)
    breaker.succeeded(time.monotonic())
    assert breaker.call(lambda: 1) == 1
    assert PAUSE_SECONDS < 10


def test_a_mistake_of_ours_is_no_outage():
    breaker = Breaker()

    def fail():
        raise redis.ResponseError("WRONGTYPE")

    with pytest.raises(redis.ResponseError):
        breaker.call(fail)
    assert breaker.call(lambda: 1) == 1
