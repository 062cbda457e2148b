"""Reading conversations: one door to each, the list, the thread."""

from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from conversations.models import Conversation, Message, Pin
from tenants import search

# As they stand in the indexes.
WORDS: Final = search.Words("text")
TITLE_WORDS: Final = search.Words("title")


def conversations_visible(user: User) -> QuerySet[Conversation]:
    """What a person may read: their own, and what is shared with the workspace."""
    return Conversation.objects.filter(Q(author=user) | Q(visibility=Conversation.Visibility.WORKSPACE))


def _with_pins(rows: QuerySet[Conversation], user: User) -> QuerySet[Conversation]:
    """With `pinned`: whether this person has pinned it."""
    return rows.annotate(pinned=Exists(Pin.objects.filter(conversation=OuterRef("pk"), person=user)))


def access_conversation(user: User, conversation_id: UUID, *, for_writing: bool = False) -> Conversation:
    """The one door to a conversation. Raises Http404 for what one may not see; only its author writes."""
    rows = _with_pins(conversations_visible(user), user).select_related("assistant", "author")
    if for_writing:
        rows = rows.filter(author=user)
    found = rows.filter(pk=conversation_id).first()
    if found is None:
        raise Http404
    return found


def access_answer(
    user: User, conversation_id: UUID, message_id: UUID, *, for_writing: bool = False
) -> tuple[Conversation, Message]:
    """The one door to an answer. Raises Http404."""
    conversation = access_conversation(user, conversation_id, for_writing=for_writing)
    found = conversation.messages.filter(pk=message_id, role=Message.Role.ASSISTANT).first()
    if found is None:
        raise Http404
    return conversation, found


def thread(conversation: Conversation) -> list[Message]:
    """The messages shown, oldest first; answers that a retry replaced are left out."""
    return list(conversation.messages.filter(replaced_at=None).order_by("id"))


def last_shown(conversation: Conversation) -> tuple[str, str]:
    """Key and state of the thread's last message; two blanks where nothing was said. One row is read."""
    rows = conversation.messages.filter(replaced_at=None).order_by("-id").values_list("pk", "state")
    found = rows.first()
    return (str(found[0]), found[1]) if found else ("", "")


def conversation_list(user: User, *, query: str = "", archived: bool = False) -> QuerySet[Conversation]:
    """One's own conversations and the shared ones, what one has pinned first, then by activity; optionally searched."""
    rows = _with_pins(conversations_visible(user), user).filter(archived_at__isnull=not archived)
    if query:
        rows = rows.filter(pk__in=_found(query))
    # The checker of types does not see what `_with_pins` adds.
    return rows.select_related("assistant").order_by("-pinned", "-active_at")[:200]  # type: ignore[misc]


def _found(text: str) -> QuerySet[Conversation, Any]:
    """Keys of the conversations whose title or messages have the words. Each part goes through its own index."""
    text = text.replace("\x00", "").strip()[: search.MAX_QUERY_LENGTH]
    keys = Conversation.objects.order_by().values("pk")
    found = keys.filter(title__icontains=text)
    if query := search.parse(text):
        # The condition of the index stands here as there.
        written = Message.objects.filter(~Q(state=Message.State.STREAMING), query.matches(WORDS), replaced_at=None)
        found = found.union(keys.filter(query.matches(TITLE_WORDS)), written.order_by().values("conversation"))
    return found


@dataclass(frozen=True)
class Group:
    label: str
    conversations: list[Conversation]


def by_day(rows: Any) -> list[Group]:
    """The list as it is shown: pinned, today, yesterday, this week, this month, before."""
    today = timezone.localdate()
    groups: dict[str, list[Conversation]] = {}
    for row in rows:
        groups.setdefault(_group_of(row, (today - timezone.localdate(row.active_at)).days), []).append(row)
    order = [_("Épinglées"), _("Aujourd’hui"), _("Hier"), _("7 derniers jours"), _("30 derniers jours"), _("Plus tôt")]
    return [Group(label, groups[label]) for label in order if label in groups]


def _group_of(row: Conversation, days: int) -> str:
    if row.pinned:  # type: ignore[attr-defined]
        return _("Épinglées")
    for most, label in (
        (0, _("Aujourd’hui")),
        (1, _("Hier")),
        (7, _("7 derniers jours")),
        (30, _("30 derniers jours")),
    ):
        if days <= most:
            return label
    return _("Plus tôt")


def recent(user: User, count: int = 5) -> list[Conversation]:
    """For the home page."""
    rows = Conversation.objects.filter(author=user, archived_at=None).select_related("assistant")
    return list(rows.order_by("-active_at")[:count])


def open_answers(conversation: Conversation) -> list[UUID]:
    """Answers of the thread that are still being written, as far as the database knows."""
    return list(conversation.messages.filter(state=Message.State.STREAMING).values_list("pk", flat=True))
