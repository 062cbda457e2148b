"""Queries of conversations: access checks, the list, the thread."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from conversations.models import Conversation, Message, Pin
from tenants import search

# The same expressions as in the indexes of the models.
WORDS: Final = search.Words("text")
TITLE_WORDS: Final = search.Words("title")


def conversations_visible(user: User) -> QuerySet[Conversation]:
    """Conversations that a person may read: their own, and those shared with the workspace."""
    return Conversation.objects.filter(Q(author=user) | Q(visibility=Conversation.Visibility.WORKSPACE))


def _with_pins(rows: QuerySet[Conversation], user: User) -> QuerySet[Conversation]:
    """Annotate `pinned`: whether the user has pinned the conversation."""
    return rows.annotate(pinned=Exists(Pin.objects.filter(conversation=OuterRef("pk"), person=user)))


def access_conversation(user: User, conversation_id: UUID, *, for_writing: bool = False) -> Conversation:
    """A conversation that the user may read, or write as its author. Raises Http404 otherwise."""
    rows = _with_pins(conversations_visible(user), user).select_related("assistant", "author")
    if for_writing:
        rows = rows.filter(author=user)
    conversation = rows.filter(pk=conversation_id).first()
    if conversation is None:
        raise Http404
    return conversation


def titles_for(user: User, keys: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """Title and path of the conversations among `keys` that the user may read."""
    rows = conversations_visible(user).filter(pk__in=keys).values_list("pk", "title")
    return {
        key: (title, reverse("conversations:detail", urlconf=settings.TENANT_URLCONF, args=[key]))
        for key, title in rows
    }


def access_answer(
    user: User, conversation_id: UUID, message_id: UUID, *, for_writing: bool = False
) -> tuple[Conversation, Message]:
    """An answer and its conversation, with the checks of `access_conversation`. Raises Http404."""
    conversation = access_conversation(user, conversation_id, for_writing=for_writing)
    answer = conversation.messages.filter(pk=message_id, role=Message.Role.ASSISTANT).first()
    if answer is None:
        raise Http404
    return conversation, answer


def thread(conversation: Conversation) -> list[Message]:
    """The messages shown, oldest first; answers that a retry replaced are left out."""
    return list(conversation.messages.filter(replaced_at=None).order_by("id"))


def last_message_state(conversation: Conversation) -> tuple[str, str]:
    """Key and state of the thread's last message; empty strings if there is none. Reads one row."""
    rows = conversation.messages.filter(replaced_at=None).order_by("-id").values_list("pk", "state")
    row = rows.first()
    return (str(row[0]), row[1]) if row else ("", "")


def conversation_list(user: User, *, query: str = "", archived: bool = False) -> QuerySet[Conversation]:
    """The user's own and shared conversations, pinned ones first, then by activity. `query`: full-text search."""
    rows = _with_pins(conversations_visible(user), user).filter(archived_at__isnull=not archived)
    if query:
        rows = rows.filter(pk__in=_search(query))
    # mypy does not know the annotation of `_with_pins`.
    return rows.select_related("assistant").order_by("-pinned", "-active_at")[:200]  # type: ignore[misc]


def _search(text: str) -> QuerySet[Conversation, Any]:
    """Keys of conversations whose title or messages match. A union, so that each part uses its own index."""
    text = text.replace("\x00", "").strip()[: search.MAX_QUERY_LENGTH]
    keys = Conversation.objects.order_by().values("pk")
    matches = keys.filter(title__icontains=text)
    if query := search.parse(text):
        # Repeats the condition of the partial index, which is otherwise not used.
        messages = Message.objects.filter(~Q(state=Message.State.STREAMING), query.matches(WORDS), replaced_at=None)
        matches = matches.union(keys.filter(query.matches(TITLE_WORDS)), messages.order_by().values("conversation"))
    return matches


@dataclass(frozen=True)
class Group:
    label: str
    conversations: list[Conversation]


def group_by_day(rows: Any) -> list[Group]:
    """Group conversations as shown: pinned, today, yesterday, this week, this month, older."""
    today = timezone.localdate()
    groups: dict[str, list[Conversation]] = {}
    for row in rows:
        groups.setdefault(_group_label(row, (today - timezone.localdate(row.active_at)).days), []).append(row)
    order = [_("Épinglées"), _("Aujourd’hui"), _("Hier"), _("7 derniers jours"), _("30 derniers jours"), _("Plus tôt")]
    return [Group(label, groups[label]) for label in order if label in groups]


def _group_label(row: Conversation, days: int) -> str:
    if row.pinned:  # type: ignore[attr-defined]
        return _("Épinglées")
    for max_days, label in (
        (0, _("Aujourd’hui")),
        (1, _("Hier")),
        (7, _("7 derniers jours")),
        (30, _("30 derniers jours")),
    ):
        if days <= max_days:
            return label
    return _("Plus tôt")


def recent(user: User, count: int = 5) -> list[Conversation]:
    """The user's latest conversations, for the home page."""
    rows = Conversation.objects.filter(author=user, archived_at=None).select_related("assistant")
    return list(rows.order_by("-active_at")[:count])


def open_answers(conversation: Conversation) -> list[UUID]:
    """Answers of the thread in state STREAMING. Their process may be dead."""
    return list(conversation.messages.filter(state=Message.State.STREAMING).values_list("pk", flat=True))


def count_of(user: User) -> int:
    """Number of a person's conversations, archived ones included."""
    return Conversation.objects.filter(author=user).count()


def conversations_besides(keys: Any) -> QuerySet[Conversation]:
    """The conversations of the workspace whose key is not among `keys`, a list or a query. For counts and EXISTS."""
    return Conversation.objects.order_by().exclude(pk__in=keys)


def answers_under_way(user: User, *, since: dt.timedelta = dt.timedelta(hours=1)) -> list[Message]:
    """Answers and images being made in the user's conversations that were active lately, newest first."""
    lately = Conversation.objects.filter(author=user, active_at__gt=timezone.now() - since).order_by().values("pk")
    is_made = Q(state=Message.State.STREAMING) | Q(image_state=Message.ImageState.MAKING)
    rows = Message.objects.filter(is_made, conversation__in=lately, replaced_at=None)
    return list(rows.select_related("conversation").defer("text").order_by("-id")[:10])
