"""Anthropic's Messages API, and the servers that speak it."""

from collections.abc import AsyncGenerator

import anthropic
from anthropic.types import (
    MessageDeltaUsage,
    MessageParam,
    RawMessageStreamEvent,
    TextBlockParam,
)
from anthropic.types import Usage as AnthropicUsage

from assistants.providers.base import StreamingProvider, Timeouts, Upstream, said
from assistants.providers.types import ChatRequest, Delta, Finished, StopReason, Usage

DEFAULT_BASE_URL = "https://api.anthropic.com"
# Without a key the SDK would look for one in the environment and on disk.
NO_KEY = "none"

_STOP_REASONS: dict[str, StopReason] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "refusal": "refusal",
}


class AnthropicMessages(StreamingProvider):
    unanswered = anthropic.APIConnectionError

    def __init__(
        self,
        *,
        name: str = "anthropic",
        api_key: str = "",
        base_url: str = "",
        timeouts: Timeouts | None = None,
        retries: int = 2,
    ) -> None:
        super().__init__(name, timeouts=timeouts or Timeouts(), retries=retries, secrets=[api_key])
        # Retries are ours (base.persist): the SDK's would obey any Retry-After, however long. Telemetry is off
        # because it would report calls of workspaces to whatever tracer the process has.
        self._client = anthropic.AsyncAnthropic(
            api_key=api_key or NO_KEY,
            base_url=_without_version(base_url or DEFAULT_BASE_URL),
            timeout=self.httpx_timeout(self.timeouts.first_byte),
            max_retries=0,
            open_telemetry=False,
        )

    async def aclose(self) -> None:
        await self._client.close()

    def stream(self, request: ChatRequest) -> AsyncGenerator[Delta | Finished, None]:
        return self.run(lambda: self._open(request), AnthropicAnswer(request.model))

    async def _open(self, request: ChatRequest) -> Upstream[RawMessageStreamEvent]:
        # No temperature: API version 2026-10-21 answers 400 to it, at any value.
        return await self._client.messages.create(
            model=request.model,
            system=_system(request),
            messages=_messages(request),
            max_tokens=request.max_output_tokens,
            stream=True,
        )


class AnthropicAnswer:
    """Reads events. Usage comes twice: the input at the start, the cumulative figures near the end."""

    def __init__(self, model: str) -> None:
        self.complete = False
        self._model = model
        self._counts: dict[str, int] = {}
        self._stop_reason: StopReason = "other"

    def feed(self, event: RawMessageStreamEvent) -> str:
        if event.type == "message_start":
            self._model = event.message.model or self._model
            self._count(event.message.usage)
        elif event.type == "content_block_delta" and event.delta.type == "text_delta":
            return event.delta.text or ""
        elif event.type == "message_delta":
            self._stop_reason = _STOP_REASONS.get(event.delta.stop_reason or "", "other")
            self._count(event.usage)
        elif event.type == "message_stop":
            self.complete = True
        return ""

    def _count(self, usage: AnthropicUsage | MessageDeltaUsage | None) -> None:
        names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
        for name in names:
            if (value := getattr(usage, name, None)) is not None:
                self._counts[name] = value

    def usage(self) -> Usage | None:
        """Anthropic counts what the cache served and stored beside `input_tokens`, thinking inside the output."""
        if not self._counts:
            return None
        get = self._counts.get
        return Usage(
            get("input_tokens", 0),
            get("cache_read_input_tokens", 0),
            get("cache_creation_input_tokens", 0),
            get("output_tokens", 0),
        )

    def finished(self) -> Finished:
        return Finished(self.usage(), self._stop_reason, self._model)


def _system(request: ChatRequest) -> list[TextBlockParam]:
    """The prompt of an assistant is the same in every call: worth caching (too short a one is simply not cached)."""
    if not request.system.strip():
        return []
    return [{"type": "text", "text": request.system, "cache_control": {"type": "ephemeral"}}]


def _messages(request: ChatRequest) -> list[MessageParam]:
    messages: list[MessageParam] = []
    for message in said(request.messages):
        if message.role == "user":
            messages.append({"role": "user", "content": message.text})
        else:
            messages.append({"role": "assistant", "content": message.text})
    return messages


def _without_version(base_url: str) -> str:
    """The SDK adds /v1 itself."""
    return base_url.rstrip("/").removesuffix("/v1")
