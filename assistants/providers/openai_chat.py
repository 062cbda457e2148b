"""OpenAI, and every server that speaks its chat completions: Mistral, vLLM, Ollama, llama.cpp, OpenRouter…"""

import base64
import binascii
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

import openai
from openai import omit
from openai.types import CompletionUsage, ImagesResponse
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from assistants.providers.base import StreamingProvider, Timeouts, Upstream, said
from assistants.providers.types import (
    ChatRequest,
    Delta,
    Finished,
    GeneratedImage,
    ProviderError,
    StopReason,
    Usage,
)

DEFAULT_BASE_URL = "https://api.openai.com/v1"
# The SDK sends OPENAI_API_KEY of the environment when it is given no key: never to somebody else's address.
NO_KEY = "none"

_STOP_REASONS: dict[str, StopReason] = {"stop": "stop", "length": "length", "content_filter": "refusal"}
_IMAGE_TYPES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"RIFF": "image/webp", b"GIF8": "image/gif"}


class OpenAIChat(StreamingProvider):
    unanswered = openai.APIConnectionError

    def __init__(
        self,
        *,
        name: str = "openai",
        api_key: str = "",
        base_url: str = "",
        timeouts: Timeouts | None = None,
        retries: int = 2,
    ) -> None:
        super().__init__(name, timeouts=timeouts or Timeouts(), retries=retries, secrets=[api_key])
        base_url = _with_path(base_url or DEFAULT_BASE_URL)
        self.is_openai = (urlsplit(base_url).hostname or "").endswith("api.openai.com")
        # Retries are ours (base.persist): the SDK's would wait up to two minutes and retry an exhausted quota.
        self._client = openai.AsyncOpenAI(
            api_key=api_key or NO_KEY,
            base_url=base_url,
            timeout=self.httpx_timeout(self.timeouts.first_byte),
            max_retries=0,
        )
        # Taken from the environment by the SDK, and meant for one account only.
        self._client.organization = self._client.project = None

    async def aclose(self) -> None:
        await self._client.close()

    def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finished, None]:
        return self.run(lambda: self._open(request), OpenAIAnswer(request.model))

    async def _open(self, request: ChatRequest) -> Upstream[ChatCompletionChunk]:
        # Reasoning models of OpenAI refuse `max_tokens`; most other servers know nothing else.
        limit = request.max_output_tokens
        return await self._client.chat.completions.create(
            model=request.model,
            messages=_messages(request),
            max_completion_tokens=limit if self.is_openai else omit,
            max_tokens=omit if self.is_openai else limit,
            temperature=omit if request.temperature is None else request.temperature,
            stream=True,
            stream_options={"include_usage": True},
        )

    async def generate_image(self, *, model: str, prompt: str, size: str) -> GeneratedImage:
        response = await self.persist(
            lambda: self.guard(lambda: self._image(model, prompt, size), opened=False), within=self.timeouts.image
        )
        return _image_of(response, self.name)

    async def _image(self, model: str, prompt: str, size: str) -> ImagesResponse:
        return await self._client.images.generate(
            model=model,
            prompt=prompt,
            size=size,
            n=1,
            # OpenAI's models always answer so and refuse the parameter; elsewhere the default is an address to fetch.
            response_format=omit if self.is_openai else "b64_json",
            timeout=self.httpx_timeout(self.timeouts.image),
        )


class OpenAIAnswer:
    """Reads chunks. Anything but `choices` may be missing from a compatible server, and any field may be null."""

    def __init__(self, model: str) -> None:
        self.complete = False
        self._model = model
        self._usage: Usage | None = None
        self._stop_reason: StopReason = "other"
        self._refused = False

    def feed(self, chunk: ChatCompletionChunk) -> str:
        self._model = chunk.model or self._model
        if chunk.usage:
            self._usage = usage_of(chunk.usage)
        # A last chunk without choices carries the usage only; some servers skip the finish reason before it.
        if not chunk.choices:
            self.complete = self.complete or bool(chunk.usage)
            return ""
        choice = chunk.choices[0]
        if choice.finish_reason:
            self.complete = True
            self._stop_reason = _STOP_REASONS.get(choice.finish_reason, "other")
        if not choice.delta:
            return ""
        if choice.delta.refusal:
            self._refused = True
        return (choice.delta.content or "") + (choice.delta.refusal or "")

    def usage(self) -> Usage | None:
        return self._usage

    def finished(self) -> Finished:
        return Finished(self._usage, "refusal" if self._refused else self._stop_reason, self._model)


def usage_of(usage: CompletionUsage) -> Usage:
    """OpenAI counts what the cache served and what it stored inside `prompt_tokens`."""
    read = write = reasoning = 0
    if usage.prompt_tokens_details:
        read = usage.prompt_tokens_details.cached_tokens or 0
        write = usage.prompt_tokens_details.cache_write_tokens or 0
    if usage.completion_tokens_details:
        reasoning = usage.completion_tokens_details.reasoning_tokens or 0
    prompt, output = usage.prompt_tokens or 0, usage.completion_tokens or 0
    # OpenAI counts reasoning inside the completion; a few servers beside it, which their total betrays.
    if reasoning and usage.total_tokens == prompt + output + reasoning:
        output += reasoning
    return Usage(max(0, prompt - read - write), read, write, output)


def _messages(request: ChatRequest) -> list[ChatCompletionMessageParam]:
    messages: list[ChatCompletionMessageParam] = []
    if request.system:
        messages.append({"role": "system", "content": request.system})
    for message in said(request.messages):
        if message.role == "user":
            messages.append({"role": "user", "content": message.text})
        else:
            messages.append({"role": "assistant", "content": message.text})
    return messages


def _image_of(response: ImagesResponse, provider: str) -> GeneratedImage:
    # The SDK hands an answer that is not JSON over as a string.
    images = getattr(response, "data", None)
    encoded = images[0].b64_json if images else None
    if not encoded:
        raise ProviderError("unknown", f"{provider} answered without an image")
    try:
        data = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ProviderError("unknown", f"{provider} sent an image that is not base64") from None
    media_type = next((kind for magic, kind in _IMAGE_TYPES.items() if data.startswith(magic)), None)
    if media_type is None:
        raise ProviderError("unknown", f"{provider} sent something that is not an image we know")
    usage = response.usage
    return GeneratedImage(data, media_type, Usage(usage.input_tokens, 0, 0, usage.output_tokens) if usage else None)


def _with_path(base_url: str) -> str:
    """People paste the address of a server; its chat completions live under /v1."""
    return base_url if urlsplit(base_url).path.strip("/") else base_url.rstrip("/") + "/v1"
