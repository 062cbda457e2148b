"""A person's conversations as files: Markdown to read, JSON to take elsewhere."""

import json
import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from conversations.models import Conversation, Message
from conversations.selectors import conversations_visible
from tenants.exporting import Part

FOLDER = "conversations"
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_HEADING = re.compile(r"^( {0,3})(#{1,6})(?=[ \t]|$)")
# What would be a sign in a heading.
_SIGNS, _ESCAPED = re.compile(r"([\\`*_\[\]<>#|~])"), r"\\\1"
LABEL = gettext_lazy("Conversations")


def keys(person: User) -> list[UUID]:
    return list(conversations_visible(person).order_by("id").values_list("pk", flat=True))


def read(person: User, keys: Sequence[UUID]) -> list[Part]:
    shown = Message.objects.filter(replaced_at=None).order_by("id")
    rows = (
        conversations_visible(person)
        .filter(pk__in=keys)
        .select_related("assistant", "author")
        .prefetch_related(Prefetch("messages", queryset=shown))
        .order_by("id")
    )
    return [part for row in rows for part in _parts(row)]


def count(person: User) -> int:
    return conversations_visible(person).count()


def left_out(person: User) -> int:
    return Conversation.objects.exclude(pk__in=conversations_visible(person).order_by().values("pk")).count()


def _parts(row: Conversation) -> list[Part]:
    title = f"{timezone.localdate(row.created_at):%Y-%m-%d} {row.title or _('Sans titre')}"
    return [
        Part(str(row.pk), title, "md", _markdown(row).encode()),
        Part(str(row.pk), title, "json", json.dumps(_plain(row), ensure_ascii=False, indent=1).encode(), listed=False),
    ]


def _markdown(row: Conversation) -> str:
    lines = [f"# {_SIGNS.sub(_ESCAPED, row.title or _('Sans titre'))}", "", _by(row)]
    for message in row.messages.all():
        said_by = _(row.assistant.name) if message.role == Message.Role.ASSISTANT else _name(row.author)
        at = timezone.localtime(message.created_at)
        said_by = _SIGNS.sub(_ESCAPED, said_by)
        lines += ["", f"## {said_by}, {at:%Y-%m-%d %H:%M}", "", _under_heading(message.text) or _("(sans texte)")]
        if message.state in (Message.State.INTERRUPTED, Message.State.FAILED):
            lines += ["", _("*(réponse interrompue)*") if message.text else _("*(réponse qui a échoué)*")]
    return "\n".join(lines) + "\n"


def _under_heading(text: str) -> str:
    """A message as part of a document: its headings below that of its author, a code block that was cut off closed."""
    lines, fence = [], ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if fence:
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = ""
        elif found and not (found[1][0] == "`" and "`" in found[2]):
            fence = found[1]
        else:
            line = _HEADING.sub(lambda head: f"{head[1]}{'#' * min(6, len(head[2]) + 2)}", line)
        lines.append(line)
    return "\n".join([*lines, fence] if fence else lines)


def _by(row: Conversation) -> str:
    return _("%(author)s avec %(assistant)s") % {"author": _name(row.author), "assistant": _(row.assistant.name)}


def _name(person: User) -> str:
    return person.name or person.email


def _plain(row: Conversation) -> dict[str, Any]:
    """Times are ISO 8601 in UTC, costs decimal euros as text."""
    return {
        "id": str(row.pk),
        "title": row.title,
        "author": row.author.email,
        "assistant": row.assistant.code,
        "visibility": row.visibility,
        "created_at": row.created_at.isoformat(),
        "archived_at": row.archived_at and row.archived_at.isoformat(),
        "messages": [
            {
                "id": str(message.pk),
                "role": message.role,
                "state": message.state,
                "text": message.text,
                "created_at": message.created_at.isoformat(),
                **(
                    {
                        "model": message.model,
                        "tokens": message.tokens,
                        "cost_euros": f"{message.cost:f}",
                        "stopped": message.stopped,
                        "error": message.error_kind,
                        # The image made of it, by its key in the library.
                        "image_item": message.image_item_id and str(message.image_item_id),
                    }
                    if message.role == Message.Role.ASSISTANT
                    else {}
                ),
            }
            for message in row.messages.all()
        ],
    }
