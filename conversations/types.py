"""Data classes and errors of conversations, and the cleaning of texts."""

from dataclasses import dataclass
from uuid import UUID

from assistants.providers.types import ChatRequest, Usage


@dataclass(frozen=True)
class Call:
    """A provider call for an answer. `author_id`: the author of the conversation."""

    answer_id: UUID
    author_id: UUID
    provider: str
    request: ChatRequest


@dataclass(frozen=True)
class Result:
    """The result of a call. `usage` is None if the provider rejected the call or the count is lost.

    Times are in milliseconds from the start of the call.
    """

    text: str
    outcome: str
    usage: Usage | None = None
    error_kind: str = ""
    first_token_ms: int | None = None
    latency_ms: int | None = None


def clean(text: str) -> str:
    """Remove what PostgreSQL cannot store: null characters; lone surrogates become U+FFFD."""
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class ConversationRefused(Exception):
    """Raised when a question or a change is refused; the message is shown to the user."""


class TooManyAnswers(ConversationRefused):
    """Raised when the limit on concurrent answers of the person or the workspace is reached."""
