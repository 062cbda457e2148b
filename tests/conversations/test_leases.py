"""Who makes an answer, judged by its process's sign of life; how many there may be; who is told to stop."""

import threading
import time
import uuid

import pytest

from conversations import answer_log, leases, services
from conversations.models import Message
from conversations.presenters import refusal_for
from conversations.progress import answers_flush
from conversations.types import Result, TooManyAnswers
from tenants.context import current_tenant
from tests.conversations.test_conversations import start


def _until(so, seconds=5.0):
    until = time.monotonic() + seconds
    while not so() and time.monotonic() < until:
        time.sleep(0.01)
    return so()


@pytest.fixture
def held(people):
    """An answer that this process makes, and what it heard."""
    answer = leases.LeasedAnswer(current_tenant(), uuid.uuid4(), people.member.pk)
    stopped = threading.Event()
    leases.acquire(answer.id, answer.author_id)
    leases.hold(answer, stopped.set)
    yield answer, stopped
    leases.release(answer.id)


def test_a_lease_is_valid_while_its_process_lives(held):
    answer, _stopped = held
    lease = answer_log.key("lease", answer.id)
    # Much longer than a loop may lag: it is the process that is asked for a sign of life.
    assert _until(lambda: answer_log.sync_client().pttl(lease) > leases.HEARTBEAT_TIMEOUT_MS)
    assert leases.is_generating(answer.id)
    # The process of another answer, killed a moment ago: its lease is there, its sign of life is not.
    answer_log.sync_client().set(lease, "4711-dead", px=leases.LEASE_MS)
    assert not leases.is_generating(answer.id)


def test_the_heartbeat_needs_no_event_loop(held):
    """The thread that waits here is the one that would run a loop."""
    answer, _stopped = held
    alive = leases._heartbeat_key(leases.owner())
    answer_log.sync_client().pexpire(alive, 1500)
    time.sleep(1.8)
    assert answer_log.sync_client().pttl(alive) > 5_000 and leases.is_generating(answer.id)


def test_leases_lost_by_redis_are_written_again(held):
    answer, _stopped = held
    assert _until(lambda: leases.count_active(answer.author_id) == 1)
    answer_log.sync_client().delete(answer_log.key("lease", answer.id), answer_log.key("places", answer.author_id))
    assert _until(lambda: leases.is_generating(answer.id), leases.RENEW_EVERY_BEATS * leases.HEARTBEAT_SECONDS + 2)
    assert leases.count_active(answer.author_id) == 1


def test_a_released_lease_and_its_slots_are_free_at_once(held):
    answer, _stopped = held
    leases.release(answer.id)
    assert _until(lambda: not leases.is_generating(answer.id), 2)
    assert leases.count_active(answer.author_id) == 0


def test_a_stop_request_reaches_its_answer_only(held):
    answer, stopped = held
    leases.request_stop(uuid.uuid4())
    assert not stopped.wait(1.5)
    leases.request_stop(answer.id)
    assert stopped.wait(3)


def test_an_answer_whose_process_lives_is_not_closed(people):
    _conversation, call = start(people.member)
    answer = leases.LeasedAnswer(current_tenant(), call.answer_id, call.author_id)
    leases.hold(answer, lambda: None)
    try:
        assert _until(
            lambda: answer_log.sync_client().pttl(answer_log.key("lease", answer.id)) > leases.HEARTBEAT_TIMEOUT_MS
        )
        assert services.close_abandoned_answer(call.answer_id)
        assert Message.objects.get(pk=call.answer_id).state == "streaming"
    finally:
        leases.release(answer.id)


# -- places


def test_concurrent_answers_are_limited_by_person_and_workspace(people, settings):
    settings.ANSWERS_PER_PERSON, settings.ANSWERS_PER_WORKSPACE = 2, 3
    for _number in range(2):
        start(people.member)
    before = Message.objects.count()
    with pytest.raises(TooManyAnswers) as mine:
        start(people.member)
    start(people.admin)
    with pytest.raises(TooManyAnswers) as ours:
        start(people.owner)
    assert Message.objects.count() == before + 2
    assert "2" in str(mine.value) and "arrêtez-la" in str(mine.value)
    assert "3" in str(ours.value) and "Votre espace" in str(ours.value)
    assert refusal_for(mine.value).status == 429


def test_a_question_over_the_limit_is_refused_in_both_languages(people, settings, client_for):
    settings.ANSWERS_PER_PERSON = 1
    start(people.member)
    client = client_for(people.member)
    for language, words in (("fr", "Trop de réponses à la fois"), ("en", "Too many answers at once")):
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        answer = client.post("/conversations/new/", {"assistant": "posts", "text": "Encore une"})
        assert answer.status_code == 429
        assert words in answer.content.decode() and "Encore une" in answer.content.decode()


def test_a_slot_is_free_after_the_answer_ends_or_its_process_dies(people, settings):
    settings.ANSWERS_PER_PERSON = 1
    _conversation, call = start(people.member)
    # As long ago as a dead process's.
    answer_log.sync_client().zadd(answer_log.key("places", people.member.pk), {str(call.answer_id): time.time() - 60})
    start(people.member)


def test_slots_of_workspaces_are_separate(people, settings):
    from tenants.context import tenant_context

    settings.ANSWERS_PER_PERSON = settings.ANSWERS_PER_WORKSPACE = 1
    start(people.member)
    with tenant_context(people.away):
        start(people.stranger)


def test_the_log_of_an_abandoned_answer_ends_with_its_length(people):
    _conversation, call = start(people.member)
    answers_flush({call.answer_id: ("Ce qui était venu", 5)})
    answer_log.sync_client().delete(answer_log.key("lease", call.answer_id))
    assert services.close_abandoned_answer(call.answer_id)
    last = answer_log.entries(answer_log.sync_client().xrange(answer_log.log_key(call.answer_id)))[-1]
    assert (last.kind, last.data) == ("done", {"state": "interrupted", "length": 17})


def test_a_flush_saves_open_answers_only(people):
    _one, first = start(people.member)
    _two, second = start(people.member)
    services.answer_finish(answer_id=second.answer_id, result=Result(text="Fini", outcome="done"))
    ours = answers_flush({first.answer_id: ("Une", 3), second.answer_id: ("Deux", 4), uuid.uuid4(): ("Trois", 5)})
    assert ours == {first.answer_id}
    texts = Message.objects.in_bulk([first.answer_id, second.answer_id])
    assert (texts[first.answer_id].text, texts[second.answer_id].text) == ("Une", "Fini")
    assert texts[first.answer_id].tokens == 3 and texts[second.answer_id].tokens != 4
