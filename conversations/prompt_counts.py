"""Upper bound of a prompt's tokens, from the provider's count of the previous call in the same conversation.

Token counts of messages add up, so messages that the same model has counted take at most the same number of tokens
again; only new messages are bounded by their script. A ratio learnt from settled calls would not be an upper bound: a
user can lower it with simple prose and then send text that takes the most tokens per character.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from assistants.providers.bounds import REQUEST_OVERHEAD, input_token_bound, messages_bound, tokens_at_most
from assistants.providers.types import ChatMessage, Usage
from assistants.selectors import Route
from conversations.models import Message

# Counts expire after a day, since a provider may serve another model under the same name.
COUNT_VALIDITY = timedelta(days=1)
# A count below this share of the upper bound of the same texts (`tokens_at_most`) is ignored: prose takes more than
# half, so the provider has left out the tokens that it read from its cache.
MIN_SHARE = 0.4


@dataclass(frozen=True)
class PromptCount:
    """The provider's count of the latest answer's prompt.

    The prompt took `tokens` tokens and had the last `messages` of the first `end` messages of the conversation.
    """

    provider: str
    model: str
    version_id: UUID | None
    tokens: int
    messages: int
    end: int


def counted_prompt_tokens(usage: Usage | None) -> int:
    """Tokens of the prompt as counted by the provider; 0 if it did not count them."""
    return usage.prompt_tokens if usage is not None and not usage.is_estimate else 0


# Messages, oldest first, and the count of the previous call.
History = tuple[list[ChatMessage], PromptCount | None]


def history(thread: Sequence[Message]) -> History:
    """Convert a thread to messages for a model, with the last count."""
    messages = [message for message in thread if message.text]
    user = Message.Role.USER
    texts = [ChatMessage("user" if message.role == user else "assistant", message.text) for message in messages]
    return texts, last_prompt_count(messages)


def last_prompt_count(messages: Sequence[Message]) -> PromptCount | None:
    """The count of the latest answer with one, unless it has expired. `messages`: oldest first."""
    oldest = timezone.now() - COUNT_VALIDITY
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message.prompt_tokens and message.finished_at is not None and message.finished_at > oldest:
            return PromptCount(
                message.provider,
                message.model,
                message.prompt_version_id,
                message.prompt_tokens,
                message.prompt_messages,
                index,
            )
    return None


def input_bound(route: Route, messages: Sequence[ChatMessage], dropped: int, prompt_count: PromptCount | None) -> int:
    """Upper bound of the prompt's tokens for a call with these messages, after `dropped` earlier ones are left out."""
    script_bound = input_token_bound(route.version.text, messages)
    if prompt_count is None or (prompt_count.provider, prompt_count.model) != (route.model.provider, route.model.name):
        return script_bound
    repeated = prompt_count.end - dropped
    if prompt_count.version_id != route.version.pk or not 0 < repeated <= min(prompt_count.messages, len(messages)):
        return script_bound
    texts = (route.version.text, *(message.text for message in messages[:repeated]))
    if prompt_count.tokens < math.ceil(sum(map(tokens_at_most, texts)) * MIN_SHARE):
        return script_bound
    return min(script_bound, prompt_count.tokens + messages_bound(messages[repeated:]) + REQUEST_OVERHEAD)
