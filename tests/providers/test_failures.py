"""Everything that goes wrong, at the wire: each has one kind, a sentence for people, a line without secrets."""

import asyncio
import socket
import time
import traceback
from contextlib import aclosing

import pytest
from django.utils.translation import override

from assistants.providers.anthropic_messages import AnthropicMessages
from assistants.providers.base import Provider, Timeouts
from assistants.providers.errors import scrub
from assistants.providers.openai_chat import OpenAIChat
from assistants.providers.types import Delta, ProviderError, Usage, message_for
from fakes.llm.server import Handle
from tests.providers.conftest import KEY, Make, ask, read

both = pytest.mark.parametrize("dialect", ["openai", "anthropic"])


async def failure(provider: Provider, text: str) -> tuple[str, ProviderError]:
    """What had come, and the error that ended it."""
    texts: list[str] = []
    with pytest.raises(ProviderError) as caught:
        async with aclosing(provider.stream(ask(text))) as events:
            async for event in events:
                assert isinstance(event, Delta)
                texts.append(event.text)
    return "".join(texts), caught.value


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("dialect", "wanted", "kind", "retryable"),
    [
        ("openai", "[fail 400]", "bad_request", False),
        ("openai", "[fail 400 context]", "context_length", False),
        ("openai", "[fail 400 content]", "refused", False),
        ("openai", "[fail 401]", "auth", False),
        ("openai", "[fail 403]", "auth", False),
        ("openai", "[fail 404]", "model_gone", False),
        ("openai", "[fail 410]", "model_gone", False),
        ("openai", "[fail 400 gone]", "model_gone", False),
        ("openai", "[json-error 503]", "overloaded", True),
        ("openai", "[json-error 401]", "auth", False),
        ("openai", "[json-error 404]", "model_gone", False),
        ("openai", "[blank]", "empty", True),
        ("openai", "[think only]", "empty", True),
        ("openai", "[fail 429 quota]", "quota", False),
        ("openai", "[fail 429 rate]", "rate_limit", True),
        ("openai", "[fail 500]", "unknown", True),
        ("openai", "[fail 503]", "overloaded", True),
        ("openai", "[fail 504]", "timeout", True),
        ("openai", "[error 0]", "overloaded", True),
        ("openai", "[garbage]", "unknown", True),
        ("openai", "[html]", "bad_request", False),
        ("anthropic", "[fail 400]", "bad_request", False),
        ("anthropic", "[fail 400 context]", "context_length", False),
        ("anthropic", "[fail 400 credit]", "quota", False),
        ("anthropic", "[fail 401]", "auth", False),
        ("anthropic", "[fail 403]", "auth", False),
        ("anthropic", "[fail 404]", "model_gone", False),
        ("anthropic", "[fail 410]", "model_gone", False),
        ("anthropic", "[fail 400 gone]", "model_gone", False),
        ("anthropic", "[json-error 529]", "overloaded", True),
        ("anthropic", "[json-error 401]", "auth", False),
        ("anthropic", "[blank]", "empty", True),
        ("anthropic", "[think only]", "empty", True),
        ("anthropic", "[fail 413]", "context_length", False),
        ("anthropic", "[fail 429 quota]", "quota", False),
        ("anthropic", "[fail 429 rate]", "rate_limit", True),
        ("anthropic", "[fail 500]", "unknown", True),
        ("anthropic", "[fail 503]", "overloaded", True),
        ("anthropic", "[fail 504]", "timeout", True),
        ("anthropic", "[fail 529]", "overloaded", True),
        ("anthropic", "[error 0]", "overloaded", True),
        ("anthropic", "[garbage]", "unknown", True),
        ("anthropic", "[html]", "bad_request", False),
    ],
)
async def test_each_error_has_its_kind(make: Make, dialect: str, wanted: str, kind: str, retryable: bool) -> None:
    text, error = await failure(make(dialect), wanted)
    assert (text, error.kind, error.retryable) == ("", kind, retryable), error.detail
    assert error.message == message_for(error.kind)
    assert dialect in error.detail


@pytest.mark.asyncio
@both
async def test_an_error_inside_the_stream_keeps_the_text_so_far(make: Make, dialect: str) -> None:
    text, error = await failure(make(dialect), "[error 3]")
    assert (text, error.kind) == ("Voici une première ", "overloaded")


@pytest.mark.asyncio
@both
async def test_a_cut_stream_is_not_a_short_answer(make: Make, dialect: str) -> None:
    text, error = await failure(make(dialect), "[cut 4] [usage 900 50]")
    assert (text, error.kind, error.retryable) == ("Voici une première réponse, ", "cut", True)
    # Anthropic had told the input and a first token before it was cut; the four words are added at most.
    assert error.usage is not None and error.usage.is_estimate
    output = error.usage.output_tokens
    if dialect == "anthropic":
        assert error.usage == Usage(900, 0, 0, output)
    assert 4 <= output <= 20


@pytest.mark.asyncio
@both
async def test_silence_before_the_first_byte(make: Make, dialect: str) -> None:
    began = time.monotonic()
    _text, error = await failure(make(dialect, retries=2, first_byte=0.4, between=30), "[hang]")
    assert (error.kind, time.monotonic() - began < 2) == ("timeout", True)


@pytest.mark.asyncio
@both
async def test_silence_between_two_chunks(make: Make, dialect: str) -> None:
    began = time.monotonic()
    text, error = await failure(make(dialect, first_byte=30, between=0.4), "[stall 2]")
    assert (text, error.kind) == ("Voici une ", "timeout")
    assert time.monotonic() - began < 2


@pytest.mark.asyncio
@both
async def test_pings_are_signs_of_life_but_not_for_ever(make: Make, dialect: str) -> None:
    began = time.monotonic()
    _text, error = await failure(make(dialect, between=0.4, total=1.2), "[stall 2 ping]")
    assert error.kind == "timeout"
    assert 1 < time.monotonic() - began < 2.5


@pytest.mark.asyncio
@both
async def test_an_unreachable_server_is_a_connection_error(dialect: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = OpenAIChat if dialect == "openai" else AnthropicMessages
        provider = client(api_key=KEY, base_url=url, timeouts=Timeouts(connect=1), retries=0)
        _text, error = await failure(provider, "Bonjour")
        assert (error.kind, error.retryable) == ("connection", True)
        await provider.aclose()


@pytest.mark.asyncio
@both
@pytest.mark.parametrize("wanted", ["[flaky 503]", "[flaky 429 rate] [retry-after 0.1]", "[flaky 500]"])
async def test_a_transient_error_at_the_start_is_retried(make: Make, fake: Handle, dialect: str, wanted: str) -> None:
    text, _ends = await read(make(dialect, retries=2), ask(wanted))
    assert text.startswith("Voici")
    assert [call["status"] for call in fake.calls()] == [500 if "500" in wanted else int(wanted[7:10]), 200]


@pytest.mark.asyncio
@both
@pytest.mark.parametrize(
    "wanted",
    [
        "[fail 429 quota]",
        "[fail 401]",
        "[fail 429 rate] [retry-after 60]",
        "[cut 1]",
        "[gone]",
        "[json-error 401]",
        "[blank]",
    ],
)
async def test_a_permanent_error_is_not_retried(make: Make, fake: Handle, dialect: str, wanted: str) -> None:
    began = time.monotonic()
    await failure(make(dialect, retries=2), wanted)
    assert (len(fake.calls()), time.monotonic() - began < 1) == (1, True)


@pytest.mark.asyncio
@both
async def test_closing_the_answer_hangs_up_on_the_provider(make: Make, fake: Handle, dialect: str) -> None:
    async with aclosing(make(dialect).stream(ask("[slow 0.05] [words 400]"))) as events:
        await anext(events)
    await hung_up(fake)


@pytest.mark.asyncio
@both
@pytest.mark.parametrize("wanted", ["[slow 0.05] [words 400]", "[hang]"])
async def test_cancelling_the_task_hangs_up_on_the_provider(
    make: Make, fake: Handle, dialect: str, wanted: str
) -> None:
    task = asyncio.create_task(read(make(dialect), ask(wanted)))
    await asyncio.sleep(0.4)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await hung_up(fake)


async def hung_up(fake: Handle) -> None:
    for _ in range(20):
        await asyncio.sleep(0.05)
        [call] = await asyncio.to_thread(fake.calls)
        if call["outcome"] == "disconnected":
            assert call["words"] < 40
            return
    pytest.fail(f"the provider is still generating: {call['outcome']}")


@pytest.mark.asyncio
@both
@pytest.mark.parametrize("wanted", ["[fail 401] [leak]", "[fail 500] [leak]", "[fail 429] [leak]"])
async def test_the_key_is_in_no_log_and_no_traceback(make: Make, dialect: str, wanted: str) -> None:
    _text, error = await failure(make(dialect), wanted)
    printed = "".join(traceback.format_exception(error))
    for line in (error.detail, str(error), repr(error), str(error.message), printed):
        assert KEY not in line
        assert KEY[8:20] not in line
    assert "Key received" in error.detail, "the cause itself must stay readable"


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-proj-abc***xyz9.",
        "Authorization: Bearer abcdefgh12345",
        'bad header {"api_key": "hunter2hunter2"}',
        "cannot reach http://user:hunter2hunter2@proxy:3128/",
        "key AIza-SyhunterABC123 is wrong",
    ],
)
def test_what_looks_like_a_secret_is_scrubbed(text: str) -> None:
    cleaned = scrub(text)
    assert "***" in cleaned
    for secret in ("proj-abc", "xyz9", "abcdefgh12345", "hunter2", "SyhunterABC"):
        assert secret not in cleaned


def test_a_detail_is_one_short_line() -> None:
    cleaned = scrub("a\n b\t" + "c" * 5000)
    assert "\n" not in cleaned
    assert len(cleaned) < 500


def test_every_kind_tells_people_what_to_do() -> None:
    with override("fr"):
        assert str(message_for("overloaded")) == "Le fournisseur est surchargé. Réessayez dans une minute."
