"""Builds the provider request of a question, with upper bounds of its tokens and cost."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from assistants.costs import cost_bound
from assistants.providers.bounds import estimate_tokens
from assistants.providers.types import ChatMessage, ChatRequest
from assistants.selectors import Route
from conversations.prompt_counts import PromptCount, input_bound
from conversations.types import ConversationRefused
from plans.types import AI_EUROS, TOKENS

DEMONSTRATION_TEMPERATURE = Decimal("0.2")


@dataclass(frozen=True)
class BoundedRequest:
    """A provider request and its upper bound by meter (tokens, euros)."""

    request: ChatRequest
    amounts: dict[str, Decimal]


def build_request(route: Route, messages: list[ChatMessage], prompt_count: PromptCount | None = None) -> BoundedRequest:
    """The request for the line's model, with as many of the last messages as its context holds.

    `prompt_count`: the token count of the previous call of the conversation. Raises `ConversationRefused` if even the
    last message is too long.
    """
    max_output = min(route.assistant.max_output_tokens, route.model.limit_output)
    fitting = newest_messages_within(route.version.text, messages, route.model.limit_context - max_output)
    bound = input_bound(route, fitting, len(messages) - len(fitting), prompt_count)
    # The demonstration model is small: at a higher temperature its answers are incoherent.
    temperature = DEMONSTRATION_TEMPERATURE if route.model.is_demonstration else route.assistant.temperature
    request = ChatRequest(
        model=route.model.name,
        system=route.version.text,
        messages=tuple(fitting),
        max_output_tokens=max_output,
        temperature=float(temperature) if temperature is not None else None,
        input_bound=bound,
    )
    return BoundedRequest(
        request, {TOKENS: Decimal(bound + max_output), AI_EUROS: cost_bound(bound, max_output, route.price)}
    )


def newest_messages_within(system: str, messages: list[ChatMessage], max_tokens: int) -> list[ChatMessage]:
    """The newest messages within `max_tokens`, starting with a question. Raises `ConversationRefused` if none fits."""
    fitting: list[ChatMessage] = []
    remaining = max_tokens - estimate_tokens(system) - 200
    for message in reversed(messages):
        remaining -= estimate_tokens(message.text) + 8
        if remaining < 0:
            break
        fitting.insert(0, message)
    if not fitting:
        raise ConversationRefused(
            _("Ce message est trop long pour le modèle en service : raccourcissez-le, ou changez d’assistant.")
        )
    while fitting[0].role != "user":
        fitting.pop(0)
    return fitting
