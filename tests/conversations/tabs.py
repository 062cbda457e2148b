"""A tab that follows an answer: what it is sent, and what another process writes for it."""

import asyncio
import json

from asgiref.sync import async_to_sync

from conversations import answer_log, services, stream
from conversations.models import Message
from conversations.types import Result

WORDS = [f"mot-{number} " for number in range(30)]
TEXT = "".join(WORDS)


def tab_of(request, call, after="0"):
    answer = Message.objects.select_related("conversation").get(pk=call.answer_id)
    return stream.Stream(request, answer.conversation_id, answer, after)


async def follow(tab, seconds=10.0):
    return [event async for event in events_of(tab, seconds)]


all_of = async_to_sync(follow)


async def events_of(tab, seconds=10.0):
    async with asyncio.timeout(seconds):
        async for chunk in tab.events():
            for frame in chunk.split("\n\n"):
                fields = dict(line.partition(": ")[::2] for line in frame.splitlines())
                if "data" in fields:
                    yield fields["event"], json.loads(fields["data"]), fields.get("id", "")


def text_of(events):
    return "".join(data["text"] for kind, data, _id in events if kind == "delta")


def write_log(call, *entries):
    """What another process wrote to the log."""
    with answer_log.sync_client().pipeline() as pipe:
        for entry in entries:
            answer_log.add(pipe, answer_log.log_key(call.answer_id), entry)
        pipe.execute()


def end(call, text=TEXT, outcome="done"):
    services.answer_finish(answer_id=call.answer_id, result=Result(text=text, outcome=outcome))
    answer_log.sync_client().delete(answer_log.key("lease", call.answer_id))
