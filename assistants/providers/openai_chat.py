"""OpenAI, and every server that speaks its chat completions: Mistral, vLLM, Ollama, llama.cpp, OpenRouter…"""

import base64
import binascii
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import openai
from openai import omit
from openai.types import ImagesResponse
from openai.types.chat import ChatCompletionChunk, ChatCompletionMessageParam

from assistants.providers.base import IDENTITY, StreamingProvider, Timeouts, Upstream
from assistants.providers.control import StreamControl
from assistants.providers.errors import body_parts, kind_for
from assistants.providers.reading import Reader, field_of, figure
from assistants.providers.turns import as_turns
from assistants.providers.types import (
    ChatRequest,
    Delta,
    ErrorKind,
    Finished,
    GeneratedImage,
    ProviderError,
    StopReason,
    Usage,
)

DEFAULT_BASE_URL = "https://api.openai.com/v1"
# The SDK sends OPENAI_API_KEY of the environment when it is given no key: never to somebody else's address.
NO_KEY = "none"

# In small letters: each server has its own, and some write them large.
_STOP_REASONS: dict[str, StopReason] = {
    **dict.fromkeys(("stop", "eos", "eos_token", "end_turn", "stop_sequence"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens", "model_length"), "length"),
    **dict.fromkeys(
        ("content_filter", "content_filtered", "safety", "sensitive", "refusal", "recitation", "prohibited_content"),
        "refusal",
    ),
}
# No end but a failure, told in its place.
_FAILURES: dict[str, ErrorKind] = {
    "error": "cut",
    "abort": "cut",
    "failed": "cut",
    "network_error": "cut",
    "insufficient_system_resource": "overloaded",
}
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
        base_url = _with_path(base_url or DEFAULT_BASE_URL)
        super().__init__(name, base_url=base_url, timeouts=timeouts or Timeouts(), retries=retries, secrets=[api_key])
        self.is_openai = (urlsplit(base_url).hostname or "").endswith("api.openai.com")
        # Retries are ours (retrying.py): the SDK's would wait up to two minutes and retry an exhausted quota.
        self._client = openai.AsyncOpenAI(
            api_key=api_key or NO_KEY,
            base_url=base_url,
            timeout=self.httpx_timeout(self.timeouts.first_byte),
            max_retries=0,
        )
        # Taken from the environment by the SDK, and meant for one account only.
        self._client.organization = self._client.project = None

    def models(self) -> Any:
        return self._client.models

    async def aclose(self) -> None:
        await self._client.close()

    def stream(
        self, request: ChatRequest, control: StreamControl | None = None
    ) -> AsyncGenerator[Delta | Finished, None]:
        return self.run(request, lambda refused: self._open(request, refused), OpenAIReader(request), control)

    async def _open(self, request: ChatRequest, refused: frozenset[str]) -> Upstream[ChatCompletionChunk]:
        # Reasoning models of OpenAI refuse `max_tokens`; most other servers know nothing else.
        uses_completion_limit = (self.is_openai or "max_tokens" in refused) and "max_completion_tokens" not in refused
        limit = request.max_output_tokens
        with_temperature = request.temperature is not None and "temperature" not in refused
        return await self._client.chat.completions.create(
            model=request.model,
            messages=_messages(request),
            max_completion_tokens=limit if uses_completion_limit else omit,
            max_tokens=limit if not uses_completion_limit and "max_tokens" not in refused else omit,
            temperature=request.temperature if with_temperature else omit,
            stream=True,
            stream_options=omit if "stream_options" in refused else {"include_usage": True},
            extra_headers=IDENTITY,
        )

    async def count_input(self, request: ChatRequest) -> int | None:
        if not self.is_openai:
            return None
        counted = await self._client.responses.input_tokens.count(
            model=request.model,
            instructions=request.system or omit,
            input=[{"role": message.role, "content": message.text} for message in as_turns(request.messages)],
        )
        return counted.input_tokens

    async def generate_image(self, *, model: str, prompt: str, size: str) -> GeneratedImage:
        """OpenAI documents no idempotency key, and its SDK sends none: what may have been paid is not asked again."""
        response = await self.persist(
            lambda: self.guard(lambda: self._image(model, prompt, size), opened=False),
            within=self.timeouts.image,
            pays_once=True,
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


class OpenAIReader(Reader[ChatCompletionChunk]):
    """Reads chunks. Anything but `choices` may be missing from a compatible server, and any field may be null."""

    _has_refused = False

    def feed(self, chunk: ChatCompletionChunk) -> str:
        self._require_no_error(chunk)
        self._model = chunk.model or self._model
        choices = chunk.choices or []
        choice = choices[0] if choices else None
        text = self._text_of(choice.delta) if choice and choice.delta else ""
        usage = chunk.usage or field_of(field_of(chunk, "x_groq"), "usage") or field_of(choice, "usage")
        if usage:
            self._report(usage)
        if choice and choice.finish_reason:
            self.complete = True
            reason = str(choice.finish_reason).lower()
            if reason in _FAILURES:
                raise ProviderError(_FAILURES[reason], f"the answer ended with {reason}")
            self._stop_reason = _STOP_REASONS.get(reason, "other")
        elif choice is None:
            # A last chunk without choices carries the usage only; some servers skip the finish reason before it. One
            # that comes before the text, or within it, is no end.
            self.complete = self.complete or (bool(usage) and self._first_text_at is not None)
        elif text and self._stop_reason == "other":
            self.complete = False
        return text

    def _require_no_error(self, chunk: ChatCompletionChunk) -> None:
        """vLLM sends `{"object": "error", …}` as an event like any other."""
        if chunk.object == "error":  # type: ignore[comparison-overlap]
            codes, message = body_parts(chunk.model_extra or {})
            raise ProviderError(
                kind_for(None, codes, message), f"error event codes={','.join(codes) or '-'}: {message}"[:400]
            )

    def _text_of(self, delta: Any) -> str:
        # DeepSeek and vLLM; OpenRouter, and vLLM by now.
        thought = field_of(delta, "reasoning_content") or field_of(delta, "reasoning")
        self.think(thought if isinstance(thought, str) else "")
        content = delta.content
        if isinstance(content, list):
            content = self._text_of_parts(content)
        if delta.refusal:
            self._has_refused = True
        return self.hear((content or "") + (delta.refusal or ""))

    def _text_of_parts(self, parts: list[Any]) -> str:
        """Mistral's reasoning models send a list: thoughts and text beside each other."""
        for part in parts:
            thoughts = field_of(part, "thinking") or []
            for thought in [thoughts] if isinstance(thoughts, str) else thoughts:
                self.think(thought if isinstance(thought, str) else field_of(thought, "text") or "")
        return "".join(field_of(part, "text") or "" for part in parts if not field_of(part, "thinking"))

    def _report(self, usage: Any) -> None:
        """OpenAI counts what the cache served and what it stored inside the prompt; DeepSeek names both parts."""
        prompt, output = (
            figure(usage, "prompt_tokens", "input_tokens"),
            figure(usage, "completion_tokens", "output_tokens"),
        )
        before, after = field_of(usage, "prompt_tokens_details"), field_of(usage, "completion_tokens_details")
        read = figure(before, "cached_tokens") or figure(usage, "prompt_cache_hit_tokens", "cached_tokens")
        reasoning = figure(after, "reasoning_tokens") or figure(usage, "reasoning_tokens")
        # OpenAI counts reasoning inside the completion; a few servers beside it, which their total betrays.
        if reasoning and figure(usage, "total_tokens") == (prompt or 0) + (output or 0) + reasoning:
            output = (output or 0) + reasoning
        self.report(
            prompt=prompt, read=read, write=figure(before, "cache_write_tokens"), output=output, hidden=reasoning
        )

    def finished(self, *, stopped: bool = False) -> Finished:
        end = super().finished(stopped=stopped)
        return replace(end, stop_reason="refusal") if self._has_refused and not stopped else end


def _messages(request: ChatRequest) -> list[ChatCompletionMessageParam]:
    messages: list[ChatCompletionMessageParam] = []
    if request.system:
        messages.append({"role": "system", "content": request.system})
    for message in as_turns(request.messages):
        if message.role == "user":
            messages.append({"role": "user", "content": message.text})
        else:
            messages.append({"role": "assistant", "content": message.text})
    return messages


def _image_of(response: ImagesResponse, provider: str) -> GeneratedImage:
    # The SDK hands an answer that is not JSON over as a string.
    images = getattr(response, "data", None)
    usage_data = getattr(response, "usage", None)
    prompt, output = figure(usage_data, "input_tokens") or 0, figure(usage_data, "output_tokens") or 0
    usage = Usage(prompt, 0, 0, output) if usage_data else None
    counted = usage if output else None
    if not isinstance(images, list) or not images:
        line = f"{provider} answered without an image"
        # An answer of the API without one may have been made; a page of something else was not.
        raise ProviderError("unknown", line, usage=counted, may_be_paid=isinstance(images, list) or counted is not None)
    try:
        data = base64.b64decode(field_of(images[0], "b64_json") or "", validate=True)
    except (binascii.Error, TypeError, ValueError):
        data = b""
    media_type = next((kind for magic, kind in _IMAGE_TYPES.items() if data.startswith(magic)), None)
    if media_type is None:
        line = f"{provider} sent something that is not an image we know"
        raise ProviderError("unknown", line, usage=counted, may_be_paid=True)
    return GeneratedImage(data, media_type, usage)


def _with_path(base_url: str) -> str:
    """People paste the address of a server; its chat completions live under /v1."""
    return base_url if urlsplit(base_url).path.strip("/") else base_url.rstrip("/") + "/v1"
