"""Saves the text of answers in progress, so that it survives the end of their process."""

from uuid import UUID

from django.db import connection

from conversations.models import Message

_FLUSH = (
    "UPDATE conversations_message AS message SET text = progress.text, tokens = progress.tokens"
    " FROM unnest(%s::uuid[], %s::text[], %s::int[]) AS progress (id, text, tokens)"
    " WHERE message.id = progress.id AND message.state = %s RETURNING message.id"
)


def answers_flush(progress: dict[UUID, tuple[str, int]]) -> set[UUID]:
    """Save the text and tokens (hidden reasoning included) of several answers of a workspace, in one statement.

    Returns the answers that are still open.
    """
    texts, tokens = [text for text, _tokens in progress.values()], [tokens for _text, tokens in progress.values()]
    with connection.cursor() as cursor:
        cursor.execute(_FLUSH, [list(progress), texts, tokens, Message.State.STREAMING])
        return {row[0] for row in cursor.fetchall()}
