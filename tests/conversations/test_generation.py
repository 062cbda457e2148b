"""An answer in the making: its lease, its words while Redis is away, one reader for all tabs."""

import asyncio
import time
import uuid

import pytest
from asgiref.sync import async_to_sync

from assistants.providers.types import Delta, Finished, Usage
from conversations import answer_log, generation, hub, leases, services, stream
from conversations.answer_log import Entry
from conversations.log_writer import LogWriter
from conversations.models import Message
from tenants.context import current_tenant
from tests.conversations.tabs import TEXT, WORDS, follow, tab_of, text_of
from tests.conversations.test_conversations import start

pytestmark = pytest.mark.usefixtures("in_this_thread")


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
    while generation.count_running():
        await asyncio.sleep(0.01)


def test_local_and_remote_tabs_receive_the_same_events(people, request_of, monkeypatch):
    """One is told by this process, the other reads the log, as any other process does; a third comes in the middle."""
    _conversation, call = start(people.member)
    here, elsewhere, late = (tab_of(request_of(people.member), call) for _number in range(3))

    async def scenario():
        monkeypatch.setattr(generation, "get_provider", lambda _name: Provider(0.01))
        generation.start(current_tenant(), call)
        other = hub.Hub()
        one = asyncio.create_task(follow(here))
        await asyncio.sleep(0.02)
        monkeypatch.setattr(stream, "hub", lambda: other)
        two = asyncio.create_task(follow(elsewhere))
        await asyncio.sleep(0.1)
        found = [await one, await two, await asyncio.create_task(follow(late))]
        await _made(call)
        return found

    told = async_to_sync(scenario)()
    assert [text_of(events) for events in told] == [TEXT] * 3
    assert [events[-1][0] for events in told] == ["done"] * 3
    positions = [answer_log.position_of(identifier) for _kind, _data, identifier in told[1]]
    assert positions == sorted(set(positions))


def test_the_lease_is_kept_until_the_end_is_saved(people, monkeypatch):
    """Ended before that, a reader could close the answer that is being saved as interrupted."""
    _conversation, call = start(people.member)
    seen = []
    finish = services.answer_finish

    def slow(**arguments):
        time.sleep(0.5)
        seen.append((leases.is_generating(call.answer_id), services.close_abandoned_answer(call.answer_id)))
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


def test_a_loop_blocked_longer_than_the_heartbeat_timeout_keeps_its_lease(people, monkeypatch):
    monkeypatch.setattr(leases, "HEARTBEAT_TIMEOUT_MS", 1500)
    _conversation, call = start(people.member)
    closed = []

    async def scenario():
        hold = asyncio.Event()
        monkeypatch.setattr(generation, "get_provider", lambda _name: Provider(0, hold))
        generation.start(current_tenant(), call)
        await asyncio.sleep(0.2)
        time.sleep(2.5)  # the whole loop
        closed.append(leases.is_generating(call.answer_id))
        hold.set()
        await _made(call)

    async_to_sync(scenario)()
    assert closed == [True] and Message.objects.get(pk=call.answer_id).state == "done"


def test_entries_are_queued_until_redis_is_available(people, monkeypatch):
    from redis.exceptions import ConnectionError as Away

    _conversation, call = start(people.member)
    name, tries = answer_log.log_key(call.answer_id), []

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
        monkeypatch.setattr(log_writer, "RETRY_SECONDS", 0.01)
        writer = LogWriter()
        writer.write(name, [Entry("3-1", "delta", {"text": "abc", "at": 0})])
        await asyncio.sleep(0.005)
        writer.write(name, [Entry("6-1", "delta", {"text": "def", "at": 3})])
        await writer.wait_until_drained(5)

    async_to_sync(scenario)()
    assert len(tries) >= 3 and answer_log.text_so_far(call.answer_id) == "abcdef"


def test_hundreds_of_tabs_read_redis_through_one_connection(people):
    names = [f"ruche:log:test:{uuid.uuid4()}" for _number in range(40)]

    def connections():
        return int(answer_log.sync_client().info("clients")["connected_clients"])

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
        with answer_log.sync_client().pipeline() as pipe:
            for name in names:
                answer_log.add(pipe, name, Entry("3-1", "delta", {"text": name[-3:], "at": 0}))
                answer_log.add(pipe, name, Entry("3-2", "done", {"state": "done", "length": 3}))
                pipe.expire(name, 10)
            pipe.execute()
        told = await asyncio.gather(*tabs)
        return most - before, told, len(here._channels)

    more, told, channels = async_to_sync(scenario)()
    assert more <= 3, f"{more} connections for 400 tabs"
    assert [got[0].data["text"] for got in told] == [name[-3:] for name in names for _number in range(10)]
    assert channels == 0
