"""What the home page of a team member shows: what to resume, what is under way, what was done, what is left."""

from typing import Any, Final
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import MANAGERS
from accounts.audit_labels import action_label
from accounts.http import MemberRequest
from accounts.models import User
from accounts.selectors import acts_of
from assistants.selectors import assistants_offered
from conversations import selectors as conversations
from library import selectors as library
from library.uploads import STORAGE
from notifications import selectors as notifications
from plans import selectors as plan_selectors
from plans.types import AI_EUROS, TOKENS
from ui.labels import without_unit
from ui.templatetags.ui import filesize, money, number, tokens
from usage import selectors as usage_selectors
from usage.types import Gauge
from workspace.export.sending import is_exporting

NEWS, ACTS, ITEMS = 4, 6, 5
# What the target of an entry of the audit log begins with, for an item.
_ITEM_TARGET: Final = "item:"


def team_context(request: MemberRequest) -> dict[str, Any]:
    """The context of home/member.html, but the first steps."""
    user, tenant = request.user, request.tenant
    context: dict[str, Any] = {
        "assistants": [
            {
                "name": assistant.name,
                "tagline": assistant.tagline,
                "icon": assistant.icon,
                "url": f"{reverse('conversations:list')}?assistant={assistant.code}",
            }
            for assistant in assistants_offered()
        ],
        "recent_conversations": [
            {
                "title": row.title,
                "assistant": row.assistant.name,
                "url": reverse("conversations:detail", args=[row.pk]),
                "at": row.active_at,
            }
            for row in conversations.recent(user)
        ],
        "recent_items": [
            {
                "title": item.title,
                "kind": item.kind,
                "kind_label": item.get_kind_display(),
                "url": reverse("library:detail", args=[item.pk]),
                "at": item.created_at,
            }
            for item in library.items_visible(user).filter(archived_at=None).defer("text").order_by("-id")[:ITEMS]
        ],
        "under_way": _under_way(request),
        "news": notifications.lines(user, notifications.of_person(user)[:NEWS]),
        "acts": _acts(user),
    }
    if user.role in MANAGERS:
        context["plan_name"] = plan_selectors.plan_of(tenant)["name"]
        gauges = usage_selectors.gauges(tenant, [TOKENS, AI_EUROS, STORAGE])
        context["quotas"] = [quota_context(gauge) for gauge in gauges]
    return context


def quota_context(gauge: Gauge) -> dict[str, Any]:
    """Context of components/quota.html."""
    format_amount = {AI_EUROS: money, STORAGE: filesize, TOKENS: tokens}.get(gauge.key, number)
    return {
        "label": without_unit(gauge.label),
        "used": format_amount(gauge.used),
        "limit": format_amount(gauge.limit) if gauge.limit is not None else None,
        "percent": gauge.percent,
        "unit": "",
    }


def _under_way(request: MemberRequest) -> list[dict[str, Any]]:
    """Answers, images, files and exports being made for the person: {label, title, url, icon}."""
    user = request.user
    rows = [
        {
            "label": _("Une image se fait") if message.image_state == "making" else _("Une réponse s’écrit"),
            "title": message.conversation.title or _("Sans titre"),
            "url": reverse("conversations:detail", args=[message.conversation_id]),
            "icon": "image" if message.image_state == "making" else "message-circle",
        }
        for message in conversations.answers_under_way(user)
    ]
    rows += [
        {
            "label": _("Un fichier est lu"),
            "title": item.title,
            "url": reverse("library:detail", args=[item.pk]),
            "icon": "file-text",
        }
        for item in library.files_being_read(user)
    ]
    if is_exporting(request.tenant, user):
        label, url = _("Un export se télécharge"), reverse("workspace_data")
        rows.append({"label": label, "title": _("Mes données"), "url": url, "icon": "download"})
    return rows


def _acts(user: User) -> list[dict[str, Any]]:
    """What the person did lately, from the audit log: {label, at, title, url}; a title only of what they may open."""
    entries = acts_of(user, ACTS)
    keys = {entry.pk: _subject(entry.target) for entry in entries}
    item_keys = {key for is_item, key in keys.values() if is_item and key}
    other_keys = {key for is_item, key in keys.values() if not is_item and key}
    items = library.titles_for(user, item_keys) if item_keys else {}
    threads = conversations.titles_for(user, other_keys) if other_keys else {}
    rows = []
    for entry in entries:
        is_item, key = keys[entry.pk]
        title, url = (items if is_item else threads).get(key, ("", "")) if key else ("", "")
        rows.append({"label": action_label(entry), "at": entry.at, "title": title, "url": url})
    return rows


def _subject(target: str) -> tuple[bool, UUID | None]:
    """Whether an entry's target is an item, and its key; None if it has none."""
    try:
        return target.startswith(_ITEM_TARGET), UUID(target.removeprefix(_ITEM_TARGET)[:36])
    except ValueError:
        return False, None
