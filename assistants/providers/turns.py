"""A conversation as providers take it."""

from collections.abc import Sequence

from assistants.providers.types import ChatMessage


def said(messages: Sequence[ChatMessage]) -> list[ChatMessage]:
    """As providers take them: nothing empty (an answer stopped before its first word), a question first, and the roles
    in turn: a question asked again after an answer that failed is put with the one before.
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
