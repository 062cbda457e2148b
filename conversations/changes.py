"""Services to rename, archive, pin and share conversations."""

from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, recheck
from accounts.models import User
from conversations.models import Conversation, Pin
from conversations.types import ConversationRefused, clean
from events.catalogue import ConversationShared
from events.services import record
from library import services as library
from tenants.context import current_tenant
from tenants.services import require_writable

MAX_TITLE_LENGTH = 120


def conversation_rename(*, conversation: Conversation, title: str) -> None:
    """Rename a conversation. Raises `ConversationRefused` if the title is empty or too long."""
    require_writable()
    title = " ".join(clean(title).split())
    if not title:
        raise ConversationRefused(_("Donnez un titre à la conversation."))
    if len(title) > MAX_TITLE_LENGTH:
        raise ConversationRefused(
            _("Ce titre compte %(count)s caractères ; le maximum est %(most)s. Raccourcissez-le.")
            % {"count": len(title), "most": MAX_TITLE_LENGTH}
        )
    _update(conversation, title=title)


def conversation_archive(*, conversation: Conversation, archived: bool) -> None:
    """Archive or restore a conversation."""
    require_writable()
    _update(conversation, archived_at=timezone.now() if archived else None)


def conversation_pin(*, conversation: Conversation, person: User, pinned: bool) -> None:
    """Pin or unpin a conversation in this person's list only."""
    require_writable()
    if pinned:
        Pin.objects.bulk_create([Pin(conversation=conversation, person=person)], ignore_conflicts=True)
    else:
        Pin.objects.filter(conversation=conversation, person=person).delete()


def conversation_share(*, conversation: Conversation, shared: bool, actor: User) -> None:
    """Make a conversation and its items visible to the whole workspace, or to its author only.

    Making it private also ends the share links that others created for its items.
    """
    visibility = Conversation.Visibility.WORKSPACE if shared else Conversation.Visibility.PRIVATE
    with transaction.atomic():
        require_writable()
        _update(conversation, visibility=visibility)
        ended_links = 0 if shared else library.conversation_unshared(conversation_id=conversation.pk)
        details: dict[str, Any] = {"visibility": visibility.value} | ({"links": ended_links} if ended_links else {})
        audit.record("conversation.visibility", actor=actor, target=str(conversation.pk), **details)
        record(ConversationShared(subject_id=conversation.pk, actor_id=actor.pk, shared=shared))
        # Open streams check their rights again.
        transaction.on_commit(partial(recheck.publish_change, current_tenant().id))


def _update(conversation: Conversation, **fields: Any) -> None:
    Conversation.objects.filter(pk=conversation.pk).update(**fields)
    for name, value in fields.items():
        setattr(conversation, name, value)
