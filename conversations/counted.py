"""What a call may take, from what the provider counted of the call before it in the same conversation.

Tokens of messages add up, so a call that repeats texts which the same model has counted takes no more for them than it
did then: only what is new is bound by its script. A ratio learnt from settled calls could not promise that: somebody
can teach it with easy prose and then send words that take all of their bound.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from assistants.providers.bounds import REQUEST_OVERHEAD, input_token_bound, messages_bound, tokens_at_most
from assistants.providers.types import ChatMessage, Usage
from assistants.selectors import Line
from conversations.models import Message

# A provider may put another model behind the same name: what it counted is believed for a day.
BELIEVED_FOR = timedelta(days=1)
# Of what the same texts take at most (`estimate_tokens`): prose takes more than half. Who tells far less counts only
# what its cache did not have.
LEAST_SHARE = 0.4


@dataclass(frozen=True)
class Counted:
    """The latest answer's call: its prompt took `tokens`, for the last `messages` of the first `until` ones said."""

    provider: str
    model: str
    version_id: UUID | None
    tokens: int
    messages: int
    until: int


def told(usage: Usage | None) -> int:
    """The prompt's tokens, where the provider counted the call itself; 0 where it did not."""
    return usage.prompt_tokens if usage is not None and not usage.is_estimate else 0


# What was said, oldest first, and what is known of the call before.
History = tuple[list[ChatMessage], Counted | None]


def history(thread: Sequence[Message]) -> History:
    """A thread as a model is told it."""
    said = [message for message in thread if message.text]
    user = Message.Role.USER
    texts = [ChatMessage("user" if message.role == user else "assistant", message.text) for message in said]
    return texts, last_counted(said)


def last_counted(said: Sequence[Message]) -> Counted | None:
    """Of a thread's messages, oldest first, the latest answer whose prompt was counted lately."""
    since = timezone.now() - BELIEVED_FOR
    for place in range(len(said) - 1, -1, -1):
        one = said[place]
        if one.prompt_tokens and one.finished_at is not None and one.finished_at > since:
            return Counted(
                one.provider, one.model, one.prompt_version_id, one.prompt_tokens, one.prompt_messages, place
            )
    return None


def input_bound(line: Line, kept: Sequence[ChatMessage], dropped: int, counted: Counted | None) -> int:
    """The most tokens that a call of the line with the messages `kept` can take, the first `dropped` ones left out."""
    by_script = input_token_bound(line.version.text, kept)
    if counted is None or (counted.provider, counted.model) != (line.model.provider, line.model.name):
        return by_script
    repeated = counted.until - dropped
    if counted.version_id != line.version.pk or not 0 < repeated <= min(counted.messages, len(kept)):
        return by_script
    texts = (line.version.text, *(message.text for message in kept[:repeated]))
    if counted.tokens < math.ceil(sum(map(tokens_at_most, texts)) * LEAST_SHARE):
        return by_script
    return min(by_script, counted.tokens + messages_bound(kept[repeated:]) + REQUEST_OVERHEAD)
