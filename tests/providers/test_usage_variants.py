"""How servers count a call, each in its own way: the readers alone, on the SDKs' own objects."""

from typing import Any

import pytest
from anthropic.types import RawMessageStreamEvent
from openai.types.chat import ChatCompletionChunk
from pydantic import TypeAdapter

from assistants.providers.anthropic_messages import AnthropicReader
from assistants.providers.openai_chat import OpenAIReader
from assistants.providers.types import Finished, Usage
from tests.providers.conftest import ask


def chunk(**fields: Any) -> ChatCompletionChunk:
    return ChatCompletionChunk.construct(**fields)


def choice(content: str | None, finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": {"content": content}, "finish_reason": finish}


@pytest.mark.parametrize(
    ("reported", "buckets"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}, Usage(10, 0, 0, 5)),
        # OpenAI: reasoning is inside the completion.
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "completion_tokens_details": {"reasoning_tokens": 4},
            },
            Usage(10, 0, 0, 5),
        ),
        # Beside it, as the total shows.
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 19,
                "completion_tokens_details": {"reasoning_tokens": 4},
            },
            Usage(10, 0, 0, 9),
        ),
        # Never below zero.
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 15,
                "prompt_tokens_details": {"cached_tokens": 12},
            },
            Usage(0, 12, 0, 5),
        ),
        ({"prompt_tokens": 10, "completion_tokens": None, "prompt_tokens_details": None}, Usage(10, 0, 0, 0)),
        ({"prompt_tokens": 10.0, "completion_tokens": "5"}, Usage(10, 0, 0, 5)),
        # No count at all: what no model takes, and what a mistake writes.
        ({"prompt_tokens": 10, "completion_tokens": 2**31, "total_tokens": -5}, Usage(10, 0, 0, 0)),
        ({"prompt_tokens": 10, "completion_tokens": -(10**9)}, Usage(10, 0, 0, 0)),
    ],
)
def test_buckets(reported: dict[str, Any], buckets: Usage) -> None:
    assert read_all([{"choices": [choice(None, "stop")], "usage": reported}]) == buckets


def counts(prompt: int | None, output: int | None, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": (prompt or 0) + (output or 0), **more}


def read_all(chunks: list[dict[str, Any]]) -> Usage:
    reader = OpenAIReader(ask("Bonjour"))
    for one in chunks:
        reader.feed(chunk(**one))
    return reader.usage()


WORDS: list[dict[str, Any]] = [{"choices": [choice("Bonjour ")]}, {"choices": [choice("à tous")]}]
END: dict[str, Any] = {"choices": [choice(None, "stop")]}
NOTHING = {"choices": [], "usage": counts(0, 0)}


@pytest.mark.parametrize(
    ("chunks", "buckets"),
    [
        # Only at the start, the output with it.
        ([{"choices": [], "usage": counts(70, 9)}, END], Usage(70, 0, 0, 9)),
        # Only at the end.
        ([*WORDS, END, {"choices": [], "usage": counts(70, 9)}], Usage(70, 0, 0, 9)),
        # In every event, the last of them 0.
        ([WORDS[0] | {"usage": counts(70, 4)}, WORDS[1] | {"usage": counts(70, 9)}, END, NOTHING], Usage(70, 0, 0, 9)),
        # The input at the start, the output at the end, the rest 0 or null.
        (
            [{"choices": [], "usage": counts(70, 0)}, *WORDS, END, {"choices": [], "usage": counts(0, 9)}],
            Usage(70, 0, 0, 9),
        ),
        (
            [{"choices": [], "usage": counts(70, None)}, *WORDS, END, {"choices": [], "usage": counts(None, 9)}],
            Usage(70, 0, 0, 9),
        ),
        # What the cache served is told later than the prompt: it is part of it, not beside it.
        (
            [
                {"choices": [], "usage": counts(70, 0)},
                *WORDS,
                {"choices": [], "usage": counts(70, 9, prompt_tokens_details={"cached_tokens": 60})},
            ],
            Usage(10, 60, 0, 9),
        ),
        # DeepSeek's names, Groq's and Moonshot's places.
        (
            [*WORDS, END | {"usage": counts(70, 9, prompt_cache_hit_tokens=64, prompt_cache_miss_tokens=6)}],
            Usage(6, 64, 0, 9),
        ),
        ([*WORDS, END | {"x_groq": {"usage": counts(70, 9)}}], Usage(70, 0, 0, 9)),
        ([*WORDS, {"choices": [choice(None, "stop") | {"usage": counts(70, 9)}]}], Usage(70, 0, 0, 9)),
    ],
)
def test_the_largest_of_each_figure_counts(chunks: list[dict[str, Any]], buckets: Usage) -> None:
    usage = read_all(chunks)
    assert usage == buckets
    assert not usage.is_estimate


def test_text_after_the_last_count_is_added_as_upper_bound() -> None:
    usage = read_all([{"choices": [], "usage": counts(70, 0)}, {"choices": [choice("1 2 3 4 5")]}, END, NOTHING])
    # Five digits and four blanks: a token each.
    assert (usage, usage.is_estimate) == (Usage(70, 0, 0, 9), True)


def test_a_first_token_is_no_count_of_an_answer() -> None:
    reader = AnthropicReader(ask("Bonjour"))
    for event in (
        {"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 70, "output_tokens": 1}}},
        {"type": "content_block_delta", "delta": {"type": "thinking_delta", "thinking": "1234567890"}},
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "12345"}},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"input_tokens": 0, "output_tokens": 0},
        },
    ):
        reader.feed(TypeAdapter(RawMessageStreamEvent).validate_python(_filled(event)))
    assert (reader.usage(), reader.usage().is_estimate) == (Usage(70, 0, 0, 16), True)


def _filled(event: dict[str, Any]) -> dict[str, Any]:
    if event["type"] == "message_start":
        event["message"] |= {"id": "m", "type": "message", "role": "assistant", "content": []}
        event["message"] |= {"stop_reason": None, "stop_sequence": None, "stop_details": None}
    if event["type"] == "message_delta":
        event["delta"] |= {"stop_sequence": None, "stop_details": None}
    return {"index": 0, **event} if event["type"].startswith("content") else event


def test_long_lived_cache_writes_are_counted_separately() -> None:
    reader = AnthropicReader(ask("Bonjour"))
    kept = {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 400}
    counted = {"input_tokens": 70, "output_tokens": 1, "cache_creation_input_tokens": 500, "cache_creation": kept}
    start = {"type": "message_start", "message": {"model": "m", "usage": counted}}
    reader.feed(TypeAdapter(RawMessageStreamEvent).validate_python(_filled(start)))
    assert reader.usage() == Usage(70, 0, 500, 1, cache_write_long_tokens=400)


def test_usage_in_the_chunk_that_finishes() -> None:
    reader = OpenAIReader(ask("Bonjour"))
    assert reader.feed(chunk(model="given", choices=[choice("Oui")])) == "Oui"
    assert reader.feed(chunk(model="given", choices=[choice(None, "stop")], usage=counts(1, 2))) == ""
    assert reader.complete
    assert reader.finished() == Finished(Usage(1, 0, 0, 2), "stop", "given")


def test_usage_in_every_chunk_takes_the_last_and_is_no_end() -> None:
    reader = OpenAIReader(ask("Bonjour"))
    for count in (1, 2):
        reader.feed(chunk(choices=[choice("mot ")], usage=counts(7, count)))
    assert not reader.complete
    assert reader.usage() == Usage(7, 0, 0, 2)


def test_a_last_usage_chunk_ends_an_answer_without_finish_reason() -> None:
    reader = OpenAIReader(ask("Bonjour"))
    reader.feed(chunk(choices=[choice("Oui")]))
    reader.feed(chunk(choices=[], usage=counts(1, 1)))
    assert reader.complete
    assert reader.finished().stop_reason == "other"
    # It was not the last: the answer goes on.
    reader.feed(chunk(choices=[choice(" et non")]))
    assert not reader.complete


def test_a_first_usage_chunk_is_no_end() -> None:
    reader = OpenAIReader(ask("Bonjour"))
    reader.feed(chunk(choices=[], usage=counts(1, 0)))
    assert not reader.complete


def test_missing_fields_are_no_error() -> None:
    reader = OpenAIReader(ask("Bonjour"))
    assert reader.feed(chunk()) == ""
    assert reader.feed(chunk(choices=[{"index": 0}])) == ""
    assert not reader.complete
