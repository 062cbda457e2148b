"""The fake itself, read by the real SDKs in their strict mode: its shapes are those of the real services."""

import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator

import anthropic
import openai
import pytest
import pytest_asyncio

from fakes import process
from fakes.llm.directives import TEXT
from fakes.llm.server import Handle
from tests.providers.conftest import KEY

HELLO = "Bonjour [usage 900 80 cached 300 write 100 reasoning 20]"


@pytest_asyncio.fixture
async def real_openai(fake: Handle) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(
        api_key=KEY, base_url=fake.openai_url, max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


@pytest_asyncio.fixture
async def real_anthropic(fake: Handle) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(
        api_key=KEY, base_url=fake.anthropic_url, max_retries=0, _strict_response_validation=True
    ) as client:
        yield client


@pytest.mark.asyncio
async def test_openai_without_streaming(real_openai: openai.AsyncOpenAI) -> None:
    answer = await real_openai.chat.completions.create(model="m", messages=[{"role": "user", "content": HELLO}])
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (900, 980)
    assert answer._request_id
    listed = {model.id: model async for model in real_openai.models.list()}
    assert list(listed) == ["fake-large", "fake-small", "fake-image", "fake-ending", "fake-ended"]
    assert (listed["fake-large"].shutdown_date, listed["fake-ending"].shutdown_date) == (None, "2031-01-14")


@pytest.mark.asyncio
async def test_openai_streaming(real_openai: openai.AsyncOpenAI) -> None:
    stream = await real_openai.chat.completions.create(
        model="m",
        messages=[{"role": "user", "content": HELLO}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [chunk async for chunk in stream]
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    assert [chunk.choices[0].finish_reason for chunk in chunks[-3:] if chunk.choices] == [None, "stop"]
    assert not chunks[-1].choices
    assert [chunk.usage is None for chunk in chunks] == [True] * (len(chunks) - 1) + [False]


@pytest.mark.asyncio
async def test_openai_images(real_openai: openai.AsyncOpenAI) -> None:
    answer = await real_openai.images.generate(model="fake-image", prompt="Une ruche", size="1024x1024")
    assert answer.data
    assert answer.usage


@pytest.mark.asyncio
async def test_anthropic_without_streaming(real_anthropic: anthropic.AsyncAnthropic) -> None:
    answer = await real_anthropic.messages.create(
        model="m", max_tokens=1000, messages=[{"role": "user", "content": HELLO}]
    )
    assert [block.text for block in answer.content if block.type == "text"] == [TEXT]
    usage = answer.usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.cache_creation_input_tokens) == (500, 300, 100)
    assert [model.id async for model in real_anthropic.models.list()] == ["fake-large", "fake-small"]


@pytest.mark.asyncio
@pytest.mark.parametrize(("text", "stop"), [(HELLO, "end_turn"), ("[refuse]", "refusal"), ("[think]", "end_turn")])
async def test_anthropic_streaming(real_anthropic: anthropic.AsyncAnthropic, text: str, stop: str) -> None:
    async with real_anthropic.messages.stream(
        model="m", max_tokens=1000, messages=[{"role": "user", "content": text}]
    ) as stream:
        message = await stream.get_final_message()
    assert message.stop_reason == stop
    assert TEXT.startswith("".join(block.text for block in message.content if block.type == "text"))
    if text == HELLO:
        assert message.usage.output_tokens == 80


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        ("401", anthropic.AuthenticationError),
        ("429 rate", anthropic.RateLimitError),
        ("529", anthropic.OverloadedError),
    ],
)
async def test_anthropic_errors(
    real_anthropic: anthropic.AsyncAnthropic, wanted: str, error: type[anthropic.APIStatusError]
) -> None:
    with pytest.raises(error) as caught:
        await real_anthropic.messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": f"[fail {wanted}]"}]
        )
    assert caught.value.request_id


@pytest.mark.asyncio
async def test_anthropic_refuses_a_temperature(real_anthropic: anthropic.AsyncAnthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="Extra inputs are not permitted"):
        await real_anthropic.messages.create(
            model="m",
            max_tokens=9,
            messages=[{"role": "user", "content": "Bonjour"}],
            extra_body={"temperature": 1.0},
        )


@pytest.mark.asyncio
async def test_an_invalid_key_is_refused_by_both(fake: Handle) -> None:
    async with openai.AsyncOpenAI(api_key="sk-invalid", base_url=fake.openai_url, max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError):
            await client.models.list()
    async with anthropic.AsyncAnthropic(api_key="sk-invalid", base_url=fake.anthropic_url, max_retries=0) as other:
        with pytest.raises(anthropic.AuthenticationError):
            await other.models.list()


def test_calls_are_listed_and_forgotten(fake: Handle) -> None:
    assert fake.calls() == []


def test_a_killed_parent_leaves_no_server_behind() -> None:
    script = (
        "import os, signal; from fakes.llm import server; h = server.start(); "
        "print(h.url, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, cwd=process.ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        port = int(parent.stdout.readline().rpartition(":")[2])
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            return
        time.sleep(0.1)
    pytest.fail("the server outlived the process that started it")
