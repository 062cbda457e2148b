"""A good answer, at the wire: its text, its end, its four buckets."""

from dataclasses import replace
from decimal import Decimal

import pytest

from assistants.providers.types import ChatMessage, ChatRequest, Usage
from fakes.llm.directives import BEE, MARKDOWN, TEXT
from fakes.llm.server import Handle
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


@both
async def test_a_server_that_reports_no_usage_is_counted_at_most(make: Make, fake: Handle, dialect: str) -> None:
    text, [end] = await read(make(dialect), ask("[no-usage]"))
    assert (text, end.stop_reason, end.model, end.usage.is_estimate) == (TEXT, "stop", "fake-small", True)
    assert end.usage.output_tokens >= len(TEXT.split())
    if dialect == "anthropic":
        # Asked for its count of the input, by an endpoint of its own.
        assert fake.calls()[-1]["path"] == "/v1/messages/count_tokens"
        assert end.usage.input_tokens == 6
    else:
        assert len(fake.calls()) == 1, "a compatible server has no such endpoint"
        assert end.usage.input_tokens > 6


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
@pytest.mark.parametrize("how", ["[think]", "[think text]", "[think list]"])
async def test_thoughts_are_not_shown(make: Make, dialect: str, how: str) -> None:
    text, _ends = await read(make(dialect), ask(how))
    assert text == TEXT


@both
@pytest.mark.parametrize("how", ["[split bytes]", "[split surrogates]"])
async def test_a_character_cut_in_two_events_is_whole(make: Make, dialect: str, how: str) -> None:
    text, _ends = await read(make(dialect), ask(how))
    assert text == f"Une abeille {BEE} vole."


@both
async def test_a_stream_sent_as_plain_text_is_read(make: Make, dialect: str) -> None:
    text, [end] = await read(make(dialect), ask("[plain] [usage 70 9]"))
    assert (text, end.usage) == (TEXT, Usage(70, 0, 0, 9))


@both
@pytest.mark.parametrize("where", ["start", "zero", "every", "finish", "groq", "kimi"])
async def test_usage_is_read_wherever_it_is_told(make: Make, dialect: str, where: str) -> None:
    _text, [end] = await read(make(dialect), ask(f"[usage 70 300 cached 20] [usage-at {where}]"))
    # What Anthropic overwrites with 0 had only told a first token: the text is added to it.
    output = 300 if dialect == "openai" or where != "zero" else end.usage.output_tokens
    if where != "start":
        assert end.usage == Usage(50, 20, 0, output)
    else:
        # Text came after the count: it may or may not be in it.
        assert end.usage.output_tokens > 300
    assert end.usage.output_tokens > 60


@both
async def test_what_a_model_refuses_is_left_out_and_remembered(make: Make, fake: Handle, dialect: str) -> None:
    """Of a parameter that Anthropic's dialect never sends nothing is to be learned."""
    provider, wanted = make(dialect), "[refuse-param temperature]"
    for calls in (2, 3) if dialect == "openai" else (1, 2):
        text, _ends = await read(provider, ask(wanted, temperature=0.5))
        assert text == TEXT
        assert len(fake.calls()) == calls
    assert "temperature" not in fake.calls()[-1]["body"]
    # Another model of the same server is still asked as it was.
    await read(provider, replace(ask("Bonjour", temperature=0.5), model="fake-large"))
    assert fake.calls()[-1]["body"].get("temperature") == (0.5 if dialect == "openai" else None)


@pytest.mark.parametrize("how", ["", " sentence", " detail"])
@pytest.mark.parametrize("name", ["temperature", "max_tokens", "stream_options"])
async def test_a_refusal_is_understood_however_it_is_said(make: Make, fake: Handle, name: str, how: str) -> None:
    text, [end] = await read(make("openai"), ask(f"[refuse-param {name}{how}]", temperature=0.5))
    first, second = (call["body"] for call in fake.calls())
    assert name in first and name not in second
    if name == "max_tokens":
        assert second["max_completion_tokens"] == first["max_tokens"], "the limit is said in the other word"
    assert (text, end.usage.is_estimate) == (TEXT, name == "stream_options")


@both
async def test_roles_take_turns_whatever_failed_before(make: Make, fake: Handle, dialect: str) -> None:
    said = [
        ChatMessage("assistant", "Bienvenue"),
        ChatMessage("user", "Un"),
        ChatMessage("assistant", " "),
        ChatMessage("user", "Deux"),
        ChatMessage("assistant", "Deux donc."),
        ChatMessage("assistant", "Et trois."),
        ChatMessage("user", "Trois [alternate]"),
    ]
    text, _ends = await read(make(dialect), ChatRequest("fake-small", "Vous aidez.", said, 100))
    assert text == TEXT
    told = [(m["role"], m["content"]) for m in fake.calls()[-1]["body"]["messages"] if m["role"] != "system"]
    assert told == [
        ("user", "Un\n\nDeux"),
        ("assistant", "Deux donc.\n\nEt trois."),
        ("user", "Trois [alternate]"),
    ]


@both
async def test_the_request_carries_the_conversation(make: Make, fake: Handle, dialect: str) -> None:
    said = [ChatMessage("user", "Un"), ChatMessage("assistant", "  "), ChatMessage("user", "Deux")]
    await read(make(dialect), ChatRequest("fake-small", "Vous aidez.", said, 100, 0.2))
    call = fake.calls()[-1]
    assert call["headers"]["authorization"] == f"Bearer {KEY}"
    assert [m["content"] for m in call["body"]["messages"] if m["role"] == "user"] == ["Un\n\nDeux"]
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
