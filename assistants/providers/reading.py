"""What one call's events say, whatever the dialect: its text, its end, and what it took."""

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

# A model that thinks without a word writes so many tokens a second at most.
HIDDEN_TOKENS_A_SECOND = 150
# More than any model takes: a count above is a mistake.
MOST_TOKENS = 100_000_000


class Reader(ABC, Generic[EventT]):
    """Reads one provider's events. `complete` once the answer itself is whole, whatever may still come.

    Usage may come at the start, at the end, in every event, or be overwritten with 0 at the end: of each figure the
    largest counts. What was heard after the output was counted last, text and thoughts, is added as it is at most.
    """

    def __init__(self, request: ChatRequest) -> None:
        self.complete = False
        self._request = request
        self._model = request.model
        self._stop_reason: StopReason = "other"
        self._largest: dict[Bucket, int] = {}
        # Tokens at most of what came since the output was counted last, and how many pieces it came in.
        self._uncounted = 0.0
        self._pieces = 0
        self._began = time.monotonic()
        self._first_heard: float | None = None
        self._thought_aloud = False

    @abstractmethod
    def feed(self, event: EventT) -> str:
        """The text of an event, thoughts left out. Calls `hear`, `think`, `report`, in the order of the wire."""

    def hear(self, text: str) -> str:
        """Text of the answer has come."""
        if text:
            self._count(text)
        return text

    def think(self, text: str) -> None:
        """A thought has come: it is not shown, and costs as text does."""
        if text:
            self._thought_aloud = True
            self._count(text)

    def _count(self, text: str) -> None:
        if self._first_heard is None:
            self._first_heard = time.monotonic()
        self._uncounted += tokens_at_most(text)
        self._pieces += 1

    def report(self, *, hidden: int | None = None, **figures: int | None) -> None:
        """The provider counts. `prompt`: with what the cache served and stored, or `beside` it; `hidden`: thoughts."""
        for name, value in figures.items():
            if not isinstance(value, int) or value < 0:
                continue
            bucket: Bucket = name  # type: ignore[assignment]
            before = self._largest.get(bucket, 0)
            if bucket == "output" and value and value >= before:
                self._uncounted, self._pieces = 0.0, 0
            self._largest[bucket] = max(before, value)
        if hidden and not self._thought_aloud:
            quirks.has_thought_in_secret(self._request.model)

    @property
    def input_is_told(self) -> bool:
        """True where the provider has counted the input."""
        return any(self._largest.get(name) for name in ("prompt", "beside", "read", "write"))

    def usage(self) -> Usage:
        """What the call has taken so far, estimated from above where it was not told."""
        get = self._largest.get
        read, write = get("read", 0), get("write", 0)
        fresh = max(get("beside", 0), get("prompt", 0) - read - write)
        if not self.input_is_told:
            fresh = self._estimated_input()
        missing = self._uncounted_output()
        output = get("output", 0) + missing
        if missing:
            # A provider never writes more than it was asked for.
            output = max(get("output", 0), min(output, self._request.max_output_tokens))
        is_estimate = bool(missing) or not self.input_is_told
        return Usage(fresh, read, write, output, min(get("write_long", 0), write), is_estimate)

    def _estimated_input(self) -> int:
        request = self._request
        texts = [request.system, *(message.text for message in request.messages)]
        found = sum(map(estimate_tokens, texts)) + MESSAGE_OVERHEAD * len(texts)
        return found if request.input_bound is None else min(found, request.input_bound)

    def _uncounted_output(self) -> int:
        heard = max(math.ceil(self._uncounted), self._pieces)
        if not quirks.thinks_in_secret(self._request.model) or self._thought_aloud or self._largest.get("output"):
            return heard
        silent = (self._first_heard or time.monotonic()) - self._began
        return heard + math.ceil(silent * HIDDEN_TOKENS_A_SECOND)

    def finished(self, *, stopped: bool = False) -> Finished:
        return Finished(self.usage(), "stopped" if stopped else self._stop_reason, self._model)


def field_of(value: Any, name: str) -> Any:
    """A field of what the SDK made, or of what it left as a mapping because it does not know it."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def figure(value: Any, *names: str) -> int | None:
    """The first of these fields that is a count: servers name the same figure differently.

    What is negative, or more than any model takes, is no count.
    """
    for name in names:
        found = field_of(value, name)
        # Some servers write 7.0 or "7".
        is_whole = isinstance(found, float) and found.is_integer()
        if is_whole or (isinstance(found, str) and re.fullmatch("[0-9]{1,9}", found)):
            found = int(found)
        if isinstance(found, int) and not isinstance(found, bool) and 0 <= found <= MOST_TOKENS:
            return found
    return None
