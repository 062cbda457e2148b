"""A stream ends with all of the text, however late the log was; one reader serves all tabs; rights end it."""

import asyncio
import json
import time
import uuid

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import RequestFactory

from accounts import recheck
from assistants.providers.types import Delta, Finished, Usage
from conversations import generation, hub, leases, live, services, stream
from conversations.live import Entry
from conversations.log_writer import LogWriter
from conversations.models import Conversation, Message
from conversations.types import Result
from tenants.context import current_tenant
from tests.conversations.test_conversations import start

WORDS = [f"mot-{number} " for number in range(30)]
TEXT = "".join(WORDS)


@pytest.fixture(autouse=True)
def in_this_thread(monkeypatch):
    """Database work of async code runs in the test's thread, and so in its transaction."""

    async def here(_tenant, function, *args, **kwargs):
        return await sync_to_async(function)(*args, **kwargs)

    async def nothing():
        pass

    monkeypatch.setattr(stream, "in_thread", here)
    monkeypatch.setattr(generation, "in_thread", here)
    monkeypatch.setattr(stream, "release_request_connection", nothing)
    monkeypatch.setattr(stream, "SILENCE_SECONDS", 0.1)


@pytest.fixture
def request_of(client_for, settings):
    def make(person):
        request = RequestFactory().get("/")
        request.urlconf = settings.TENANT_URLCONF
        request.tenant, request.user, request.session = current_tenant(), person, client_for(person).session
        return request

    return make


def _tab(request, call, after="0"):
    answer = Message.objects.select_related("conversation").get(pk=call.answer_id)
    return stream.Stream(request, answer.conversation_id, answer, after)


async def _follow(tab, seconds=10.0):
    return [event async for event in _events(tab, seconds)]


_all = async_to_sync(_follow)


async def _events(tab, seconds=10.0):
    async with asyncio.timeout(seconds):
        async for chunk in tab.events():
            for frame in chunk.split("\n\n"):
                fields = dict(line.partition(": ")[::2] for line in frame.splitlines())
                if "data" in fields:
                    yield fields["event"], json.loads(fields["data"]), fields.get("id", "")


def _text(events):
    return "".join(data["text"] for kind, data, _id in events if kind == "delta")


def _log(call, *entries):
    """What another process wrote to the log."""
    with live.sync_client().pipeline() as pipe:
        for entry in entries:
            live.add(pipe, live.log_key(call.answer_id), entry)
        pipe.execute()


def _ended(call, text=TEXT, outcome="done"):
    services.answer_finish(answer_id=call.answer_id, result=Result(text=text, outcome=outcome))
    live.sync_client().delete(live.key("lease", call.answer_id))


# -- no end before all of the text


def test_words_that_the_log_got_too_late_come_before_the_end(people, request_of):
    """The row is saved and its last words are still on their way to the log: on a slow machine one tab in three."""
    _conversation, call = start(people.member)
    tab = _tab(request_of(people.member), call)
    _log(call, Entry("12-1", "delta", {"text": TEXT[:12], "at": 0}))
    _ended(call)
    events = _all(tab)
    assert _text(events) == TEXT
    assert (events[-1][0], events[-1][1]["state"], events[-1][1]["length"]) == ("done", "done", len(TEXT))


def test_an_end_in_the_log_without_the_last_words_brings_them(people, request_of):
    _conversation, call = start(people.member)
    tab = _tab(request_of(people.member), call)
    done = Entry(f"{len(TEXT)}-1", "done", {"state": "done", "length": len(TEXT)})
    _log(call, Entry("12-1", "delta", {"text": TEXT[:12], "at": 0}), done)
    _ended(call)
    assert _text(_all(tab)) == TEXT


def test_words_missing_in_the_middle_are_not_jumped_over(people, request_of):
    _conversation, call = start(people.member)
    tab = _tab(request_of(people.member), call)
    _log(
        call,
        Entry("12-1", "delta", {"text": TEXT[:12], "at": 0}),
        Entry("30-1", "delta", {"text": TEXT[20:30], "at": 20}),
        Entry("30-2", "block", {"html": "<p>x</p>", "rest": ""}),
    )
    _ended(call)
    events = _all(tab)
    assert [kind for kind, _data, _id in events] == ["delta", "delta", "done"] and _text(events) == TEXT


@pytest.mark.parametrize("after", ["0", "17", "17-3", f"{len(TEXT)}-1", f"{10**14}-0"])
def test_who_comes_back_gets_the_rest_from_the_row(people, request_of, after):
    _conversation, call = start(people.member)
    _ended(call)
    events = _all(_tab(request_of(people.member), call, after))
    assert _text(events) == TEXT[int(after.partition("-")[0]) :]
    assert events[-1][0] == "done"


def test_the_end_carries_the_article_as_the_page_would_show_it(people, request_of, client_for):
    conversation, call = start(people.member)
    tab = _tab(request_of(people.member), call)
    _ended(call, "Un **texte**")
    done = _all(tab)[-1][1]
    assert f'id="m-{call.answer_id}"' in done["html"] and "<strong>texte</strong>" in done["html"]
    assert 'data-state="done"' in done["html"] and "data-retry" in done["html"]
    # The open details follow: they said 0 tokens until the page was loaded again.
    details = done["html"].split('id="conversation-details"')[1]
    tokens = Message.objects.get(pk=call.answer_id).tokens
    assert 'hx-swap-oob="true"' in details and tokens > 0 and f">{tokens}</dd>" in details
    page = (
        client_for(people.member).get(f"/conversations/{conversation.pk}/messages/{call.answer_id}/").content.decode()
    )
    assert _without_token(page) == _without_token(done["html"])


def _without_token(html):
    import re

    return re.sub(r'value="[A-Za-z0-9]{64}"', "", html).strip()


# -- the making


class Provider:
    """Answers word by word; `hold`: waits in the middle until it is set."""

    def __init__(self, pause=0.002, hold=None):
        self.pause, self.hold = pause, hold

    async def stream(self, _request, _control):
        for number, word in enumerate(WORDS):
            yield Delta(word)
            await asyncio.sleep(self.pause)
            if self.hold and number == len(WORDS) // 2:
                await self.hold.wait()
        yield Finished(Usage(10, 0, 0, 30), "stop", "fake")


async def _made(call):
    while generation.running():
        await asyncio.sleep(0.01)


def test_tabs_here_and_elsewhere_get_the_same(people, request_of, monkeypatch):
    """One is told by this process, the other reads the log, as any other process does; a third comes in the middle."""
    _conversation, call = start(people.member)
    here, elsewhere, late = (_tab(request_of(people.member), call) for _number in range(3))

    async def scenario():
        monkeypatch.setattr(generation, "get_provider", lambda _name: Provider(0.01))
        generation.start(current_tenant(), call)
        other = hub.Hub()
        one = asyncio.create_task(_follow(here))
        await asyncio.sleep(0.02)
        monkeypatch.setattr(stream, "hub", lambda: other)
        two = asyncio.create_task(_follow(elsewhere))
        await asyncio.sleep(0.1)
        found = [await one, await two, await asyncio.create_task(_follow(late))]
        await _made(call)
        return found

    told = async_to_sync(scenario)()
    assert [_text(events) for events in told] == [TEXT] * 3
    assert [events[-1][0] for events in told] == ["done"] * 3
    positions = [live.position_of(identifier) for _kind, _data, identifier in told[1]]
    assert positions == sorted(set(positions))


def test_the_lease_is_kept_until_the_end_is_saved(people, monkeypatch):
    """Ended before that, a reader could close the answer that is being saved as interrupted."""
    _conversation, call = start(people.member)
    seen = []
    finish = services.answer_finish

    def slow(**arguments):
        time.sleep(0.5)
        seen.append((leases.is_made(call.answer_id), services.close_abandoned_answer(call.answer_id)))
        return finish(**arguments)

    monkeypatch.setattr(services, "answer_finish", slow)
    monkeypatch.setattr(generation, "get_provider", lambda _name: Provider(0))

    async def scenario():
        generation.start(current_tenant(), call)
        await _made(call)

    async_to_sync(scenario)()
    assert seen == [(True, True)]
    answer = Message.objects.get(pk=call.answer_id)
    assert (answer.state, answer.text) == ("done", TEXT)


def test_a_loop_that_lags_longer_than_a_sign_of_life_lasts_loses_nothing(people, monkeypatch):
    monkeypatch.setattr(leases, "BEAT_MS", 1500)
    _conversation, call = start(people.member)
    closed = []

    async def scenario():
        hold = asyncio.Event()
        monkeypatch.setattr(generation, "get_provider", lambda _name: Provider(0, hold))
        generation.start(current_tenant(), call)
        await asyncio.sleep(0.2)
        time.sleep(2.5)  # the whole loop
        closed.append(leases.is_made(call.answer_id))
        hold.set()
        await _made(call)

    async_to_sync(scenario)()
    assert closed == [True] and Message.objects.get(pk=call.answer_id).state == "done"


def test_words_are_kept_until_redis_takes_them(people, monkeypatch):
    from redis.exceptions import ConnectionError as Away

    _conversation, call = start(people.member)
    name, tries = live.log_key(call.answer_id), []

    async def scenario():
        from conversations import log_writer

        write = log_writer._write

        async def failing(batch):
            tries.append(len(batch))
            await write(batch)
            if len(tries) < 3:
                # Redis has got it, and its answer is lost.
                raise Away

        monkeypatch.setattr(log_writer, "_write", failing)
        monkeypatch.setattr(log_writer, "AWAY_SECONDS", 0.01)
        writer = LogWriter()
        writer.write(name, [Entry("3-1", "delta", {"text": "abc", "at": 0})])
        await asyncio.sleep(0.005)
        writer.write(name, [Entry("6-1", "delta", {"text": "def", "at": 3})])
        await writer.drained(5)

    async_to_sync(scenario)()
    assert len(tries) >= 3 and live.text_so_far(call.answer_id) == "abcdef"


# -- one reader


def test_hundreds_of_tabs_read_redis_through_one_connection(people):
    names = [f"ruche:log:test:{uuid.uuid4()}" for _number in range(40)]

    def connections():
        return int(live.sync_client().info("clients")["connected_clients"])

    async def scenario():
        here = hub.Hub()
        before = connections()

        async def tab(name):
            with here.listen(name, "0") as listener:
                got = []
                while not got or got[-1].kind != "done":
                    got += await listener.read(5)
                return got

        tabs = [asyncio.create_task(tab(name)) for name in names for _number in range(10)]
        await asyncio.sleep(0.2)
        most = connections()
        with live.sync_client().pipeline() as pipe:
            for name in names:
                live.add(pipe, name, Entry("3-1", "delta", {"text": name[-3:], "at": 0}))
                live.add(pipe, name, Entry("3-2", "done", {"state": "done", "length": 3}))
                pipe.expire(name, 10)
            pipe.execute()
        told = await asyncio.gather(*tabs)
        return most - before, told, len(here._channels)

    more, told, channels = async_to_sync(scenario)()
    assert more <= 3, f"{more} connections for 400 tabs"
    assert [got[0].data["text"] for got in told] == [name[-3:] for name in names for _number in range(10)]
    assert channels == 0


# -- rights


def _open_then(tab, act):
    """What a tab is told after `act` was done, while its answer still comes."""

    async def scenario():
        events = []
        following = asyncio.create_task(_follow(tab, 8))
        await asyncio.sleep(0.15)
        await sync_to_async(act)()
        events += await following
        return events

    return async_to_sync(scenario)()


@pytest.fixture
def shared(people):
    conversation, call = start(people.member)
    Conversation.objects.filter(pk=conversation.pk).update(visibility="workspace")
    conversation.refresh_from_db()
    leases.hold(leases.Answer(current_tenant(), call.answer_id, call.author_id), lambda: None)
    _log(call, Entry("3-1", "delta", {"text": "abc", "at": 0}))
    yield conversation, call
    leases.let_go(call.answer_id)


def test_a_stream_ends_when_the_sharing_ends(people, shared, request_of, on_commit):
    conversation, call = shared

    def unshare():
        with on_commit(execute=True):
            services.conversation_share(conversation=conversation, shared=False, actor=people.member)

    events = _open_then(_tab(request_of(people.admin), call), unshare)
    assert [kind for kind, _data, _id in events] == ["delta", "gone"]


def test_the_author_reads_on(people, shared, request_of, on_commit):
    conversation, call = shared

    def unshare():
        with on_commit(execute=True):
            services.conversation_share(conversation=conversation, shared=False, actor=people.member)
        _ended(call, "abcdef")
        leases.let_go(call.answer_id)

    events = _open_then(_tab(request_of(people.member), call), unshare)
    assert [kind for kind, _data, _id in events] == ["delta", "delta", "done"]


@pytest.mark.parametrize("how", ["signed out", "deactivated", "demoted", "closed"])
def test_a_stream_ends_with_the_right_to_be_here(people, shared, request_of, how, monkeypatch):
    _conversation, call = shared
    request = request_of(people.admin)
    person = type(people.admin).objects.filter(pk=people.admin.pk)

    def act():
        if how == "signed out":
            type(request.session)(request.session.session_key).flush()
        elif how == "deactivated":
            person.update(is_active=False)
        elif how == "demoted":
            person.update(role="learner")
        else:
            from dataclasses import replace

            closed = replace(current_tenant(), state="closed")
            monkeypatch.setattr("tenants.selectors.tenant_for_host", lambda _host: closed)
        recheck.changed(current_tenant().id)

    events = _open_then(_tab(request, call), act)
    assert [kind for kind, _data, _id in events] == ["delta", "gone"]


def test_rights_are_asked_again_though_nobody_told(people, shared, request_of, monkeypatch):
    monkeypatch.setattr(stream, "RECHECK_SECONDS", 0.3)
    conversation, call = shared
    tab = _tab(request_of(people.admin), call)
    events = _open_then(tab, lambda: Conversation.objects.filter(pk=conversation.pk).update(visibility="private"))
    assert events[-1][0] == "gone"


def test_one_person_has_so_many_streams(people, shared, client_for, settings):
    conversation, call = shared
    settings.EVENT_STREAMS_PER_PERSON = 1
    path = f"/conversations/{conversation.pk}/messages/{call.answer_id}/stream/"
    stream._open[(current_tenant().id, people.admin.pk)] += 1
    try:
        refused = client_for(people.admin).get(path)
        assert refused.status_code == 429 and refused["Retry-After"]
        assert client_for(people.member).get(path).status_code == 200
    finally:
        stream._open.clear()
