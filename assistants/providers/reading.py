"""Base class of the readers of a call's events: text, end and usage, independent of the provider's protocol."""

import math
import re
import time
from abc import ABC, abstractmethod
from typing import Any, Generic, Literal, TypeVar

from assistants.providers import quirks
from assistants.providers.bounds import MESSAGE_OVERHEAD, estimate_tokens, tokens_at_most
from assistants.providers.types import ChatRequest, Finished, StopReason, Usage

EventT = TypeVar("EventT")
Bucket = Literal["prompt", "beside", "read", "write", "write_long", "output"]

# Maximum rate of hidden reasoning, in tokens per second.
HIDDEN_TOKENS_PER_SECOND = 150
# A larger count is an error, since no model accepts so many tokens.
MAX_TOKENS = 100_000_000


class Reader(ABC, Generic[EventT]):
    """Reads the events of one call. `complete`: the answer has ended, though usage may follow.

    Usage may be reported at the start, at the end or in every event, or be overwritten with 0 at the end, so the
    maximum of each figure is used. An upper bound of text and reasoning since the last count of output is added.
    """

    def __init__(self, request: ChatRequest) -> None:
        self.complete = False
        self._request = request
        self._model = request.model
        self._stop_reason: StopReason = "other"
        self._largest: dict[Bucket, int] = {}
        # Upper bound of tokens since the last count of output, and the number of pieces.
        self._uncounted = 0.0
        self._pieces = 0
        self._started_at = time.monotonic()
        self._first_text_at: float | None = None
        self._has_visible_reasoning = False

    @abstractmethod
    def feed(self, event: EventT) -> str:
        """The text of an event without reasoning. Calls `hear`, `think` and `report` in the order of the event."""

    def hear(self, text: str) -> str:
        """Count text of the answer, and return it."""
        if text:
            self._count(text)
        return text

    def think(self, text: str) -> None:
        """Count reasoning, which is not shown but costs the same as text."""
        if text:
            self._has_visible_reasoning = True
            self._count(text)

    def _count(self, text: str) -> None:
        if self._first_text_at is None:
            self._first_text_at = time.monotonic()
        self._uncounted += tokens_at_most(text)
        self._pieces += 1

    def report(self, *, hidden: int | None = None, **figures: int | None) -> None:
        """Take over counts of the provider. `prompt` includes cached tokens, `beside` does not; `hidden`: reasoning."""
        for name, value in figures.items():
            if not isinstance(value, int) or value < 0:
                continue
            bucket: Bucket = name  # type: ignore[assignment]
            previous = self._largest.get(bucket, 0)
            if bucket == "output" and value and value >= previous:
                self._uncounted, self._pieces = 0.0, 0
            self._largest[bucket] = max(previous, value)
        if hidden and not self._has_visible_reasoning:
            quirks.remember_hidden_reasoning(self._request.model)

    @property
    def is_input_counted(self) -> bool:
        """Whether the provider has counted the input."""
        return any(self._largest.get(name) for name in ("prompt", "beside", "read", "write"))

    def usage(self) -> Usage:
        """Usage of the call so far, with upper bounds where the provider has reported no count."""
        get = self._largest.get
        read, write = get("read", 0), get("write", 0)
        uncached = max(get("beside", 0), get("prompt", 0) - read - write)
        if not self.is_input_counted:
            uncached = self._estimated_input()
        missing = self._uncounted_output()
        output = get("output", 0) + missing
        if missing:
            # The output never exceeds the requested limit.
            output = max(get("output", 0), min(output, self._request.max_output_tokens))
        is_estimate = bool(missing) or not self.is_input_counted
        return Usage(uncached, read, write, output, min(get("write_long", 0), write), is_estimate)

    def _estimated_input(self) -> int:
        request = self._request
        texts = [request.system, *(message.text for message in request.messages)]
        estimate = sum(map(estimate_tokens, texts)) + MESSAGE_OVERHEAD * len(texts)
        return estimate if request.input_bound is None else min(estimate, request.input_bound)

    def _uncounted_output(self) -> int:
        received = max(math.ceil(self._uncounted), self._pieces)
        if (
            not quirks.has_hidden_reasoning(self._request.model)
            or self._has_visible_reasoning
            or self._largest.get("output")
        ):
            return received
        silent_seconds = (self._first_text_at or time.monotonic()) - self._started_at
        return received + math.ceil(silent_seconds * HIDDEN_TOKENS_PER_SECOND)

    def finished(self, *, stopped: bool = False) -> Finished:
        return Finished(self.usage(), "stopped" if stopped else self._stop_reason, self._model)


def field_of(value: Any, name: str) -> Any:
    """A field of an SDK object, or of a dictionary in place of an object that the SDK does not know."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def figure(value: Any, *names: str) -> int | None:
    """The first of these fields with a valid count, since servers use different names; None if there is none."""
    for name in names:
        value_found = field_of(value, name)
        # Some servers write 7.0 or "7".
        is_integral = isinstance(value_found, float) and value_found.is_integer()
        if is_integral or (isinstance(value_found, str) and re.fullmatch("[0-9]{1,9}", value_found)):
            value_found = int(value_found)
        if isinstance(value_found, int) and not isinstance(value_found, bool) and 0 <= value_found <= MAX_TOKENS:
            return value_found
    return None
