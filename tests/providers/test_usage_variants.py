"""What compatible servers send that OpenAI does not: the parser alone, on the SDK's own objects."""

from typing import Any

import pytest
from openai.types import CompletionUsage
from openai.types.chat import ChatCompletionChunk

from assistants.providers.openai_chat import OpenAIAnswer, usage_of
from assistants.providers.types import Finished, Usage


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
    ],
)
def test_buckets(reported: dict[str, Any], buckets: Usage) -> None:
    assert usage_of(CompletionUsage.construct(**reported)) == buckets


def test_usage_in_the_chunk_that_finishes() -> None:
    answer = OpenAIAnswer("asked")
    assert answer.feed(chunk(model="given", choices=[choice("Oui")])) == "Oui"
    counted = {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}
    assert answer.feed(chunk(model="given", choices=[choice(None, "stop")], usage=counted)) == ""
    assert answer.complete
    assert answer.finished() == Finished(Usage(1, 0, 0, 2), "stop", "given")


def test_usage_in_every_chunk_takes_the_last_and_is_no_end() -> None:
    answer = OpenAIAnswer("asked")
    for count in (1, 2):
        counted = {"prompt_tokens": 7, "completion_tokens": count, "total_tokens": 7 + count}
        answer.feed(chunk(choices=[choice("mot ")], usage=counted))
    assert not answer.complete
    assert answer.usage() == Usage(7, 0, 0, 2)


def test_a_last_usage_chunk_ends_an_answer_without_finish_reason() -> None:
    answer = OpenAIAnswer("asked")
    answer.feed(chunk(choices=[choice("Oui")]))
    answer.feed(chunk(choices=[], usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}))
    assert answer.complete
    assert answer.finished().stop_reason == "other"


def test_missing_fields_are_no_error() -> None:
    answer = OpenAIAnswer("asked")
    assert answer.feed(chunk()) == ""
    assert answer.feed(chunk(choices=[{"index": 0}])) == ""
    assert not answer.complete
