"""What passes between the parts of a conversation."""

from dataclasses import dataclass
from uuid import UUID

from assistants.providers.types import ChatRequest, Usage


@dataclass(frozen=True)
class Call:
    """One call of a provider, ready to be made: for the answer of key `answer_id`, asked by `author_id`."""

    answer_id: UUID
    author_id: UUID
    provider: str
    request: ChatRequest


@dataclass(frozen=True)
class Result:
    """How a call ended. `usage` None where the provider accepted nothing, or nobody is left who knows.

    Times in milliseconds from the call's start.
    """

    text: str
    outcome: str
    usage: Usage | None = None
    error_kind: str = ""
    first_token_ms: int | None = None
    latency_ms: int | None = None


def clean(text: str) -> str:
    """Without what no column holds: the null character, and half of a pair of surrogates."""
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class ConversationRefused(Exception):
    """Raised where a question cannot be taken; the message is for people."""


class TooManyAnswers(ConversationRefused):
    """Raised where a person or a workspace has as many answers under way as there may be at once."""
