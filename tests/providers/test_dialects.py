"""What servers of the same dialect write each in their own way: events without data, ends, thoughts, refusals."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from openai.types.chat import ChatCompletionChunk

from assistants.providers import quirks
from assistants.providers.openai_chat import OpenAIReader
from assistants.providers.types import ChatMessage, ChatRequest, ProviderError
from assistants.providers.wire import Events, Watched
from assistants.providers.words import Words

STREAM = (
    '\ufeffretry: 3000\n\n: hello\n\ndata:\n\nid: 1\ndata: {"a":1}\r\n\r\n: ping\n\n'
    "event: x\rdata: b\rdata:\rdata: é\r\revent: ping\n\n\ndata: [DONE]"
)
KEPT = 'data: {"a":1}\n\nevent: x\ndata: b\ndata:\ndata: é\n\ndata: [DONE]\n\n'


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_only_events_with_data_reach_the_sdk(size: int) -> None:
    events = Events()
    pieces = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert "".join(map(events.feed, pieces)) + events.feed("", last=True) == KEPT


@pytest.mark.asyncio
async def test_they_do_so_as_bytes_cut_anywhere() -> None:
    class Body:
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for byte in STREAM.encode():
                yield bytes([byte])

    watched = Watched(Body())  # type: ignore[arg-type]
    assert b"".join([piece async for piece in watched]) == KEPT.encode()
    assert watched.head == STREAM.encode()


def reader_after(reason: str) -> OpenAIReader:
    reader = OpenAIReader(ChatRequest("m", "", [ChatMessage("user", "Bonjour")], max_output_tokens=100))
    for delta, finish in (({"content": "Bon"}, None), ({}, reason)):
        choice: dict[str, Any] = {"index": 0, "delta": delta, "finish_reason": finish}
        reader.feed(_chunk({"id": "1", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}))
    return reader


def _chunk(values: dict[str, Any]) -> ChatCompletionChunk:
    from openai._models import construct_type

    chunk = construct_type(type_=ChatCompletionChunk, value=values)
    assert isinstance(chunk, ChatCompletionChunk)
    return chunk


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
        ("SAFETY", "refusal"),
        ("sensitive", "refusal"),
        ("something new", "other"),
    ],
)
def test_how_an_answer_ended(reason: str, told: str) -> None:
    assert reader_after(reason).finished().stop_reason == told


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("error", "cut"), ("abort", "cut"), ("network_error", "cut"), ("insufficient_system_resource", "overloaded")],
)
def test_a_failure_told_as_an_end_is_no_whole_answer(reason: str, kind: str) -> None:
    with pytest.raises(ProviderError) as caught:
        reader_after(reason)
    assert caught.value.kind == kind


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<Think>a</THINK>Bonjour", "Bonjour"),
        ("[THINK]a[/THINK]\nBonjour", "Bonjour"),
        ("<thought>\u0130\u0130</thought>Bonjour", "Bonjour"),
        ("<reasoning>a</reasoning> Bonjour", "Bonjour"),
        ("Bonjour <think>", "Bonjour <think>"),
        ("[thin", "[thin"),
    ],
)
@pytest.mark.parametrize("size", [1, 100])
def test_thoughts_are_not_shown_however_they_are_marked(text: str, shown: str, size: int) -> None:
    words = Words()
    pieces = [text[start : start + size] for start in range(0, len(text), size)]
    assert "".join(map(words.feed, pieces)) + words.end() == shown


@pytest.mark.parametrize(
    ("detail", "learned"),
    [
        ("Unsupported parameter: 'temperature' is not supported with this model.", True),
        ("Unsupported value: 'temperature' does not support 0.2. Only the default (1) value is supported.", True),
        ("unrecognized request argument supplied: stream_options", True),
        ("max_tokens must be at least 1, got -12", False),
        ("max_tokens is too large: 8192. This model supports at most 4096 completion tokens", False),
        ("'messages[1].content' contains the word temperature which is blocked", False),
    ],
)
def test_only_a_parameter_that_is_refused_is_left_out_from_then_on(detail: str, learned: bool) -> None:
    quirks.forget()
    assert quirks.learn("server", "m", ProviderError("bad_request", detail)) is learned
    quirks.forget()
