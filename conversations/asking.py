"""What is asked of a model, and what it may cost: for a question, and for its second try with another model."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _

from assistants.costs import cost_bound
from assistants.providers.bounds import estimate_tokens
from assistants.providers.types import ChatMessage, ChatRequest
from assistants.selectors import Line
from conversations.counted import Counted, input_bound
from conversations.types import ConversationRefused
from plans.types import EUROS, TOKENS

DEMONSTRATION_TEMPERATURE = Decimal("0.2")


@dataclass(frozen=True)
class Asked:
    """A request of a provider, and its upper bound by meter."""

    request: ChatRequest
    amounts: dict[str, Decimal]


def ask(line: Line, said: list[ChatMessage], counted: Counted | None = None) -> Asked:
    """What the line's model is asked. Raises `ConversationRefused` where it holds not even the last message.

    `counted`: what is known of the call before, of the same messages.
    """
    most = min(line.assistant.max_output_tokens, line.model.limit_output)
    messages = that_fit(line.version.text, said, line.model.limit_context - most)
    bound = input_bound(line, messages, len(said) - len(messages), counted)
    # So small a model wanders off when it is given any freedom.
    temperature = DEMONSTRATION_TEMPERATURE if line.model.is_demonstration else line.assistant.temperature
    request = ChatRequest(
        model=line.model.name,
        system=line.version.text,
        messages=tuple(messages),
        max_output_tokens=most,
        temperature=float(temperature) if temperature is not None else None,
        input_bound=bound,
    )
    return Asked(request, {TOKENS: Decimal(bound + most), EUROS: cost_bound(bound, most, line.price)})


def that_fit(system: str, messages: list[ChatMessage], room: int) -> list[ChatMessage]:
    """The newest messages that the model's context holds, from a question on. Raises `ConversationRefused`."""
    kept: list[ChatMessage] = []
    left = room - estimate_tokens(system) - 200
    for message in reversed(messages):
        left -= estimate_tokens(message.text) + 8
        if left < 0:
            break
        kept.insert(0, message)
    if not kept:
        raise ConversationRefused(
            _("Ce message est trop long pour le modèle en service : raccourcissez-le, ou changez d’assistant.")
        )
    while kept[0].role != "user":
        kept.pop(0)
    return kept
