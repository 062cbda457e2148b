"""Export of a person's conversations: Markdown for reading, JSON for import elsewhere."""

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
# Characters with a meaning in Markdown, which are escaped in headings.
_SPECIAL, _ESCAPED = re.compile(r"([\\`*_\[\]<>#|~])"), r"\\\1"
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
        Part(
            str(row.pk), title, "json", json.dumps(_as_json(row), ensure_ascii=False, indent=1).encode(), listed=False
        ),
    ]


def _markdown(row: Conversation) -> str:
    lines = [f"# {_SPECIAL.sub(_ESCAPED, row.title or _('Sans titre'))}", "", _participants(row)]
    for message in row.messages.all():
        author = _(row.assistant.name) if message.role == Message.Role.ASSISTANT else _name(row.author)
        at = timezone.localtime(message.created_at)
        author = _SPECIAL.sub(_ESCAPED, author)
        lines += ["", f"## {author}, {at:%Y-%m-%d %H:%M}", "", _under_heading(message.text) or _("(sans texte)")]
        if message.state in (Message.State.INTERRUPTED, Message.State.FAILED):
            lines += ["", _("*(réponse interrompue)*") if message.text else _("*(réponse qui a échoué)*")]
    return "\n".join(lines) + "\n"


def _under_heading(text: str) -> str:
    """Embed a message below its author's heading: headings two levels deeper, an unclosed code block closed."""
    lines, fence = [], ""
    for line in text.split("\n"):
        match = _FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not match[2].strip():
                fence = ""
        elif match and not (match[1][0] == "`" and "`" in match[2]):
            fence = match[1]
        else:
            line = _HEADING.sub(lambda heading: f"{heading[1]}{'#' * min(6, len(heading[2]) + 2)}", line)
        lines.append(line)
    return "\n".join([*lines, fence] if fence else lines)


def _participants(row: Conversation) -> str:
    return _("%(author)s avec %(assistant)s") % {"author": _name(row.author), "assistant": _(row.assistant.name)}


def _name(person: User) -> str:
    return person.name or person.email


def _as_json(row: Conversation) -> dict[str, Any]:
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
                        # Key of the generated image in the library.
                        "image_item": message.image_item_id and str(message.image_item_id),
                    }
                    if message.role == Message.Role.ASSISTANT
                    else {}
                ),
            }
            for message in row.messages.all()
        ],
    }
