"""Sample conversations: written by us, not by a provider; no usage, no fact, no notification."""

from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone

from accounts.models import User
from conversations.models import Conversation, Message


def sample_create(*, author: User, assistant_id: UUID, title: str, exchanges: Sequence[tuple[str, str]]) -> UUID:
    """Create a conversation with finished answers, in the caller's transaction. Returns its key."""
    conversation = Conversation.objects.create(author=author, assistant_id=assistant_id, title=title)
    for question, answer in exchanges:
        Message.objects.create(conversation=conversation, role=Message.Role.USER, text=question)
        Message.objects.create(
            conversation=conversation, role=Message.Role.ASSISTANT, text=answer, finished_at=timezone.now()
        )
    return conversation.pk


def sample_delete(*, conversation_id: UUID, messages: int) -> bool:
    """Delete a sample with its messages, in the caller's transaction; False if it was continued or shared.

    `messages`: how many it was created with. True also if it is gone already.
    """
    conversation = Conversation.objects.select_for_update().filter(pk=conversation_id).first()
    if conversation is None:
        return True
    is_shared = conversation.visibility != Conversation.Visibility.PRIVATE
    if is_shared or conversation.messages.count() != messages:
        return False
    conversation.delete()
    return True
