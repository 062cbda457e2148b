"""A stopped answer: what the provider says it took where that can be had, what it took at most where not."""

import asyncio
import time
from contextlib import aclosing

import pytest

from assistants.providers import control as control_module
from assistants.providers.control import StreamControl
from assistants.providers.openai_chat import OpenAIChat
from assistants.providers.types import ChatMessage, ChatRequest, Delta, Finished, Usage
from fakes.llm.directives import THOUGHT
from fakes.llm.server import Handle
from tests.providers.conftest import Make, ask

pytestmark = pytest.mark.asyncio
both = pytest.mark.parametrize("dialect", ["openai", "anthropic"])


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_module, "DRAIN_SECONDS", 0.6)


async def stop_after(provider: object, request: ChatRequest, words: int) -> tuple[str, Finished, float]:
    """What was shown, how it ended, and the seconds between the stop and the end."""
    control, shown, stopped_at = StreamControl(), [], 0.0
    async with aclosing(provider.stream(request, control)) as events:  # type: ignore[attr-defined]
        if not words:
            asyncio.get_running_loop().call_later(0.3, control.stop)
            stopped_at = time.monotonic() + 0.3
        async for event in events:
            if isinstance(event, Finished):
                return "".join(shown), event, time.monotonic() - stopped_at
            assert isinstance(event, Delta)
            shown.append(event.text)
            if len(shown) == words:
                control.stop()
                stopped_at = time.monotonic()
    raise AssertionError("no end")


@both
async def test_an_end_that_is_near_is_read_for_its_count(make: Make, dialect: str) -> None:
    text, end, seconds = await stop_after(make(dialect), ask("[slow 0.01] [words 40] [usage 900 777]"), 5)
    assert (len(text.split()), end.stop_reason) == (5, "stopped")
    assert (end.usage, end.usage.is_estimate) == (Usage(900, 0, 0, 777), False)
    assert seconds < control_module.DRAIN_SECONDS


@both
async def test_an_end_that_is_far_is_not_waited_for(make: Make, fake: Handle, dialect: str) -> None:
    # Twenty words, then silence: what was sent does not depend on when the fake notices that we hung up.
    request = ask("[slow 0.005] [words 4000] [echo 12345678] [stall 20] [usage 900 777]", limit=4000)
    _text, end, seconds = await stop_after(make(dialect), request, 5)
    assert control_module.DRAIN_SECONDS - 0.2 < seconds < control_module.DRAIN_SECONDS + 1
    for _ in range(40):
        call = next(call for call in await asyncio.to_thread(fake.calls) if call["words"])
        if call["outcome"] == "disconnected":
            break
        await asyncio.sleep(0.05)
    assert (call["outcome"], call["words"]) == ("disconnected", 20)
    # Each word is "12345678-0 ", ten digits and signs: what came after the stop was written too, and costs.
    assert end.usage.output_tokens >= 20 * 10
    assert end.usage.is_estimate
    if dialect == "anthropic":
        assert end.usage.input_tokens == 900, "told at the start"


@both
async def test_thoughts_that_were_received_are_counted(make: Make, dialect: str) -> None:
    """Stopped before the first word: not nothing."""
    _text, end, _seconds = await stop_after(make(dialect), ask("[think] [stall 0]"), 0)
    assert end.usage.output_tokens >= len(THOUGHT.split())
    assert end.usage.input_tokens > 0


async def test_thoughts_within_the_text_are_counted_too(make: Make) -> None:
    text, end, _seconds = await stop_after(make("openai"), ask("[think text] [slow 0.05] [words 4000]"), 2)
    assert THOUGHT[:10] not in text
    assert end.usage.output_tokens >= len(THOUGHT.split()) + 2


async def test_hidden_reasoning_is_estimated_by_time(make: Make) -> None:
    provider = make("openai")
    _text, [*_deltas, end] = "", [event async for event in provider.stream(ask("[usage 70 900 reasoning 800]"))]
    assert isinstance(end, Finished) and end.usage.output_tokens == 900
    _text, stopped, _seconds = await stop_after(provider, ask("[stall 0]"), 0)
    # At least the 0.3 s before the stop, at 150 tokens a second; never more than was asked for.
    assert 45 <= stopped.usage.output_tokens <= 4000


@both
async def test_an_estimate_is_never_above_what_was_reserved(make: Make, dialect: str) -> None:
    request = ChatRequest("fake-small", "", [ChatMessage("user", "7" * 900 + " [stall 3] [no-usage]")], 20, None, 100)
    _text, end, _seconds = await stop_after(make(dialect), request, 3)
    assert end.usage.output_tokens <= 20
    if dialect == "openai":
        assert end.usage.input_tokens == 100


async def test_openai_is_asked_for_its_count_of_the_input(make: Make, fake: Handle) -> None:
    provider = make("openai")
    assert isinstance(provider, OpenAIChat)
    provider.is_openai = True
    _text, end, _seconds = await stop_after(provider, ask("[usage 12345 9] [stall 3]"), 3)
    assert fake.calls()[-1]["path"] == "/v1/responses/input_tokens"
    assert end.usage.input_tokens == 12_345


@both
async def test_a_stop_before_the_first_byte_is_heard(make: Make, dialect: str) -> None:
    text, end, seconds = await stop_after(make(dialect), ask("[hang]"), 0)
    assert (text, end.stop_reason) == ("", "stopped")
    assert seconds < control_module.DRAIN_SECONDS + 2
    assert end.usage.input_tokens > 0, "it may have been read"


@both
async def test_a_stop_while_a_refusal_is_waited_out_costs_nothing(make: Make, dialect: str) -> None:
    _text, end, seconds = await stop_after(make(dialect, retries=2), ask("[fail 503] [retry-after 1]"), 0)
    assert end == Finished(Usage(0, 0, 0, 0), "stopped", "fake-small")
    assert seconds < 2


@both
async def test_a_cancelled_stream_reports_its_usage(make: Make, dialect: str) -> None:
    control = StreamControl()
    assert control.usage() is None
    async with aclosing(make(dialect).stream(ask("[slow 0.01] [words 400]"), control)) as events:
        for _ in range(3):
            await anext(events)
    usage = control.usage()
    assert usage is not None and usage.output_tokens >= 3 and usage.input_tokens > 0
