"""What has come of the answers under way, saved while they come: should their process die."""

from uuid import UUID

from django.db import connection

from conversations.models import Message

_FLUSH = (
    "UPDATE conversations_message AS message SET text = come.text, tokens = come.tokens"
    " FROM unnest(%s::uuid[], %s::text[], %s::int[]) AS come (id, text, tokens)"
    " WHERE message.id = come.id AND message.state = %s RETURNING message.id"
)


def answers_flush(progress: dict[UUID, tuple[str, int]]) -> set[UUID]:
    """Save the text so far of several answers of a workspace, and the tokens taken, thoughts not shown included.

    Returns those not ended by somebody else. One statement.
    """
    texts, tokens = [text for text, _tokens in progress.values()], [tokens for _text, tokens in progress.values()]
    with connection.cursor() as cursor:
        cursor.execute(_FLUSH, [list(progress), texts, tokens, Message.State.STREAMING])
        return {row[0] for row in cursor.fetchall()}
