"""Anthropic's Messages API, and the servers that speak it."""

from collections.abc import AsyncGenerator
from typing import Any

import anthropic
from anthropic.types import (
    MessageDeltaUsage,
    MessageParam,
    RawMessageStreamEvent,
    TextBlockParam,
)
from anthropic.types import Usage as AnthropicUsage

from assistants.providers.base import IDENTITY, StreamingProvider, Timeouts, Upstream
from assistants.providers.control import StreamControl
from assistants.providers.reading import Reader, figure
from assistants.providers.turns import as_turns
from assistants.providers.types import ChatRequest, Delta, Finished, StopReason

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
        base_url = _without_version(base_url or DEFAULT_BASE_URL)
        super().__init__(name, base_url=base_url, timeouts=timeouts or Timeouts(), retries=retries, secrets=[api_key])
        # Retries are ours (retrying.py): the SDK's would obey any Retry-After, however long. Telemetry is off
        # because it would report calls of workspaces to whatever tracer the process has.
        self._client = anthropic.AsyncAnthropic(
            api_key=api_key or NO_KEY,
            base_url=base_url,
            timeout=self.httpx_timeout(self.timeouts.first_byte),
            max_retries=0,
            open_telemetry=False,
        )

    def models(self) -> Any:
        return self._client.models

    async def aclose(self) -> None:
        await self._client.close()

    def stream(
        self, request: ChatRequest, control: StreamControl | None = None
    ) -> AsyncGenerator[Delta | Finished, None]:
        return self.run(request, lambda _refused: self._open(request), AnthropicReader(request), control)

    async def _open(self, request: ChatRequest) -> Upstream[RawMessageStreamEvent]:
        # No temperature: API version 2026-10-21 answers 400 to it, at any value.
        return await self._client.messages.create(
            model=request.model,
            system=_system(request),
            messages=_messages(request),
            max_tokens=request.max_output_tokens,
            stream=True,
            extra_headers=IDENTITY,
        )

    async def count_input(self, request: ChatRequest) -> int | None:
        counted = await self._client.messages.count_tokens(
            model=request.model, system=_system(request), messages=_messages(request)
        )
        return counted.input_tokens


class AnthropicReader(Reader[RawMessageStreamEvent]):
    """Reads events. Usage comes twice: the input at the start, the cumulative figures near the end.

    The output of the start is a first token, not a count: the base adds what comes after it. What the cache served and
    stored is beside `input_tokens`, thinking inside the output.
    """

    def feed(self, event: RawMessageStreamEvent) -> str:
        if event.type == "message_start":
            self._model = event.message.model or self._model
            self._report(event.message.usage)
        elif event.type == "content_block_delta":
            if event.delta.type == "text_delta":
                return self.hear(event.delta.text or "")
            if event.delta.type == "thinking_delta":
                self.think(event.delta.thinking or "")
        elif event.type == "message_delta":
            self._stop_reason = _STOP_REASONS.get(event.delta.stop_reason or "", "other")
            # Servers that speak this dialect may leave `message_stop` out.
            self.complete = self.complete or bool(event.delta.stop_reason)
            self._report(event.usage)
        elif event.type == "message_stop":
            self.complete = True
        return ""

    def _report(self, usage: AnthropicUsage | MessageDeltaUsage | None) -> None:
        details = getattr(usage, "output_tokens_details", None)
        self.report(
            beside=figure(usage, "input_tokens"),
            read=figure(usage, "cache_read_input_tokens"),
            write=figure(usage, "cache_creation_input_tokens"),
            write_long=figure(getattr(usage, "cache_creation", None), "ephemeral_1h_input_tokens"),
            output=figure(usage, "output_tokens"),
            hidden=figure(details, "thinking_tokens"),
        )


def _system(request: ChatRequest) -> list[TextBlockParam]:
    """The prompt of an assistant is the same in every call: worth caching (too short a one is simply not cached)."""
    if not request.system.strip():
        return []
    return [{"type": "text", "text": request.system, "cache_control": {"type": "ephemeral"}}]


def _messages(request: ChatRequest) -> list[MessageParam]:
    messages: list[MessageParam] = []
    for message in as_turns(request.messages):
        if message.role == "user":
            messages.append({"role": "user", "content": message.text})
        else:
            messages.append({"role": "assistant", "content": message.text})
    return messages


def _without_version(base_url: str) -> str:
    """The SDK adds /v1 itself."""
    return base_url.rstrip("/").removesuffix("/v1")
