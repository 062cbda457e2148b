"""What the palette (Ctrl-K) finds: pages and acts that a person may open, conversations, contents."""

from dataclasses import dataclass
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import MANAGERS, TEAM
from accounts.http import MemberRequest
from accounts.models import Role
from assistants.selectors import assistants_offered
from conversations.selectors import conversation_list
from library.selectors import Filters, item_list
from tenants.search.folding import fold
from website.context_processors import navigation
from workspace.members.selectors import Filters as MemberFilters
from workspace.members.selectors import member_list

# Entries of a group in the palette, and on the page.
SHORT: Final = 6
LONG: Final = 30
MAX_QUERY: Final = 200


@dataclass(frozen=True)
class Entry:
    label: str
    url: str
    icon: str
    detail: str = ""


@dataclass(frozen=True)
class Group:
    label: str
    entries: list[Entry]


def find(request: MemberRequest, query: str, *, limit: int) -> list[Group]:
    """Groups of entries for a query, empty ones left out; without a query, the pages and acts."""
    words = fold(query[:MAX_QUERY]).split()
    is_team = request.user.role in TEAM and request.tenant.state != "closed"
    groups = [
        Group(_("Pages"), _matching(_pages(request), words)),
        Group(_("Actions"), _matching(_acts(request), words) if is_team else []),
        Group(_("Conversations"), _conversations(request, query, limit) if words and is_team else []),
        Group(_("Contenus"), _items(request, query, limit) if words and is_team else []),
    ]
    if words and request.user.role in MANAGERS and request.tenant.state != "closed":
        groups.append(Group(_("Membres"), _members(request, query, limit)))
    return [Group(group.label, group.entries[:limit]) for group in groups if group.entries]


def _matching(entries: list[Entry], words: list[str]) -> list[Entry]:
    """The entries whose label or detail contains each word."""
    return [entry for entry in entries if all(word in fold(f"{entry.label} {entry.detail}") for word in words)]


def _pages(request: MemberRequest) -> list[Entry]:
    entries = [Entry(str(item["label"]), item["url"], item["icon"]) for item in navigation(request)]
    if request.tenant.state == "closed":
        return entries
    own = [
        Entry(_("Mon profil"), reverse("profile"), "user-round", _("nom, photo, langue, fuseau horaire")),
        Entry(_("Notifications"), reverse("notifications:list"), "bell"),
        Entry(_("Préférences de notification"), reverse("notifications:preferences"), "sliders-horizontal"),
        Entry(_("Changer d’adresse e-mail"), reverse("account_email"), "mail"),
        Entry(_("Changer de mot de passe"), reverse("account_change_password"), "key-round"),
    ]
    if request.user.role in TEAM:
        own.append(Entry(_("Mes données"), reverse("workspace_data"), "download"))
        own.append(Entry(_("Contenus archivés"), f"{reverse('library:list')}?archived=on", "archive"))
    if request.user.role in MANAGERS:
        own.append(Entry(_("Identité"), reverse("settings_identity"), "building-2", _("nom, langue")))
        own.append(Entry(_("Marque"), reverse("settings_brand"), "palette", _("couleur, logo, icône")))
        own.append(Entry(_("Utilisation"), reverse("workspace_usage"), "gauge", _("limites, mois par mois")))
    if request.user.role == Role.OWNER:
        own.append(Entry(_("Offre et facturation"), reverse("workspace_plan"), "credit-card", _("paiement, factures")))
    return entries + own


def _acts(request: MemberRequest) -> list[Entry]:
    begin = [
        Entry(
            _("Nouvelle conversation : %(assistant)s") % {"assistant": _(assistant.name)},
            f"{reverse('conversations:list')}?assistant={assistant.code}",
            assistant.icon or "sparkles",
        )
        for assistant in assistants_offered()
    ]
    acts = [*begin, Entry(_("Déposer un fichier"), reverse("library:upload"), "upload")]
    if request.user.role in MANAGERS:
        acts.append(Entry(_("Inviter des personnes"), reverse("members_invite"), "user-plus"))
    return acts


def _members(request: MemberRequest, query: str, limit: int) -> list[Entry]:
    rows = member_list(MemberFilters(query=query[:MAX_QUERY]))[:limit]
    return [Entry(str(row), reverse("member", args=[row.pk]), "user", row.get_role_display()) for row in rows]


def _conversations(request: MemberRequest, query: str, limit: int) -> list[Entry]:
    return [
        Entry(
            row.title or _("Sans titre"),
            reverse("conversations:detail", args=[row.pk]),
            "message-circle",
            _(row.assistant.name),
        )
        for row in conversation_list(request.user, query=query[:MAX_QUERY])[:limit]
    ]


def _items(request: MemberRequest, query: str, limit: int) -> list[Entry]:
    rows = item_list(request.user, Filters(query=query[:MAX_QUERY]))[:limit]
    return [
        Entry(row.title or _("Sans titre"), reverse("library:detail", args=[row.pk]), "library", row.get_kind_display())
        for row in rows
    ]
