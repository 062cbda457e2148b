"""A good answer, at the wire: its text, its end, its four buckets."""

from decimal import Decimal

import pytest

from assistants.providers.types import ChatMessage, ChatRequest, Finished, Usage
from tests.fakes.llm.directives import MARKDOWN, TEXT
from tests.fakes.llm.server import Handle
from tests.providers.conftest import KEY, Make, ask, read

pytestmark = pytest.mark.asyncio
both = pytest.mark.parametrize("dialect", ["openai", "anthropic"])


@both
async def test_text_arrives_whole_and_ends_once(make: Make, dialect: str) -> None:
    text, ends = await read(make(dialect), ask("Bonjour"))
    assert text == TEXT
    assert [(end.stop_reason, end.model) for end in ends] == [("stop", "fake-small")]


@both
async def test_markdown_is_passed_as_it_is(make: Make, dialect: str) -> None:
    text, _ends = await read(make(dialect), ask("[markdown]"))
    assert text == MARKDOWN


@both
@pytest.mark.parametrize(
    ("wanted", "buckets"),
    [
        ("[usage 50000 30000]", Usage(50_000, 0, 0, 30_000)),
        ("[usage 70000 30000 cached 20000]", Usage(50_000, 20_000, 0, 30_000)),
        ("[usage 71000 30000 cached 20000 write 1000 reasoning 500]", Usage(50_000, 20_000, 1_000, 30_000)),
        ("[usage 20000 1 cached 20000]", Usage(0, 20_000, 0, 1)),
    ],
)
async def test_both_ways_of_counting_give_the_same_buckets(
    make: Make, dialect: str, wanted: str, buckets: Usage
) -> None:
    _text, [end] = await read(make(dialect), ask(wanted))
    assert end.usage == buckets
    assert end.usage
    cost = end.usage.input_tokens * Decimal("0.15") + end.usage.output_tokens * Decimal("0.60")
    if end.usage.input_tokens == 50_000:
        assert cost / 1_000_000 == Decimal("0.0255")


async def test_a_server_that_reports_no_usage(make: Make) -> None:
    text, ends = await read(make("openai"), ask("[no-usage]"))
    assert (text, ends) == (TEXT, [Finished(None, "stop", "fake-small")])
    text, ends = await read(make("anthropic"), ask("[no-usage]"))
    assert (text, ends) == (TEXT, [Finished(None, "stop", "fake-small")])


@both
async def test_the_token_limit_is_sent_and_its_stop_is_named(make: Make, fake: Handle, dialect: str) -> None:
    text, [end] = await read(make(dialect), ask("Bonjour", limit=3))
    assert (text, end.stop_reason) == ("Voici une première ", "length")
    assert end.usage
    assert end.usage.output_tokens == 3
    assert "max_completion_tokens" not in fake.calls()[-1]["body"]


@both
@pytest.mark.parametrize("wanted", ["[refuse]", "[refuse text]"])
async def test_a_refusal_of_the_model_is_an_answer_that_says_so(make: Make, dialect: str, wanted: str) -> None:
    text, [end] = await read(make(dialect), ask(wanted if dialect == "openai" else "[refuse]"))
    assert (text, end.stop_reason) == ("Voici une première réponse, ", "refusal")


@both
async def test_hidden_thoughts_are_not_shown(make: Make, dialect: str) -> None:
    text, _ends = await read(make(dialect), ask("[think]"))
    assert text == TEXT


@both
async def test_the_request_carries_the_conversation(make: Make, fake: Handle, dialect: str) -> None:
    said = [ChatMessage("user", "Un"), ChatMessage("assistant", "  "), ChatMessage("user", "Deux")]
    await read(make(dialect), ChatRequest("fake-small", "Vous aidez.", said, 100, 0.2))
    call = fake.calls()[-1]
    assert call["headers"]["authorization"] == f"Bearer {KEY}"
    assert [m["content"] for m in call["body"]["messages"] if m["role"] == "user"] == ["Un", "Deux"]
    assert all(m["content"].strip() for m in call["body"]["messages"]), "an empty message is refused by Anthropic"
    if dialect == "openai":
        assert call["body"]["messages"][0] == {"role": "system", "content": "Vous aidez."}
        assert call["body"]["temperature"] == 0.2
        assert "openai-organization" not in call["headers"]
    else:
        cached = {"type": "text", "text": "Vous aidez.", "cache_control": {"type": "ephemeral"}}
        assert call["body"]["system"] == [cached]
        assert "temperature" not in call["body"], "API version 2026-10-21 refuses it"


async def test_the_environment_does_not_leak_into_a_call(
    make: Make, fake: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-operator")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-operator")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-operator")
    for dialect in ("openai", "anthropic"):
        await read(make(dialect, api_key=""), ask("Bonjour"))
        assert "operator" not in str(fake.calls()[-1]["headers"])


@both
async def test_an_empty_system_prompt_is_not_sent(make: Make, dialect: str) -> None:
    text, _ends = await read(make(dialect), ask("Bonjour", system=""))
    assert text == TEXT
