"""Conversion of a conversation to the turns that providers accept."""

from collections.abc import Sequence

from assistants.providers.types import ChatMessage


def as_turns(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """Convert messages to alternating turns that start with a question.

    Empty messages (a stopped answer without text) are dropped, and consecutive ones of a role are joined (a question
    after a failed answer).
    """
    turns: list[ChatMessage] = []
    for message in messages:
        if not message.text.strip() or (not turns and message.role != "user"):
            continue
        if turns and turns[-1].role == message.role:
            turns[-1] = ChatMessage(message.role, f"{turns[-1].text}\n\n{message.text}")
        else:
            turns.append(message)
    return turns
