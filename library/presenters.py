"""How items are shown: excerpts without marks of Markdown, what was found in them marked, facts of their making."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from accounts.access import MANAGERS
from accounts.models import User
from library import selectors
from library.models import Item, Share
from tenants import search
from tenants.search import MARK_END, MARK_START

_LINK = re.compile(r"!?\[([^\]\n]{1,200})\]\([^)\s]*\)?")
_NOISE = re.compile(r"(^|\n)[ \t]*(#{1,6}|[>*+-]|\|)[ \t]+|[*_`~|]{1,3}|-{3,}|\|")


@dataclass(frozen=True)
class Row:
    """One line of the list."""

    item: Item
    excerpt: SafeString
    has_thumbnail: bool
    is_shared: bool
    may_write: bool
    may_delete: bool


def row(item: Item, user: User, query: search.SearchQuery | None = None, in_file: str = "") -> Row:
    """An item of `selectors.item_list` as a line of the list. No query."""
    return Row(
        item=item,
        excerpt=excerpt(item, query, in_file),
        has_thumbnail=bool(item.thumbnail),
        is_shared=selectors.is_shared(item),
        may_write=selectors.may_write(user, item),
        may_delete=selectors.may_delete(user, item),
    )


def excerpt(item: Item, query: search.SearchQuery | None = None, in_file: str = "") -> SafeString:
    """What was found in the text, marked; else its beginning. Escaped here: the text is anybody's."""
    if query:
        found = search.excerpt(getattr(item, "looked_at", None) or "", query) or search.excerpt(in_file, query)
        if found:
            return marked(found)
    beginning = str(getattr(item, "excerpt", "") or "")
    if len(beginning) == selectors.EXCERPT:
        beginning = re.sub(r"\s+\S*$", "", beginning) + "…"
    return marked(beginning)


def marked(text: str) -> SafeString:
    """Escaped text whose found words stand in <mark>. Unpaired or nested signs are dropped."""
    plain = re.sub(r"\s+", " ", _NOISE.sub(r"\1", _LINK.sub(r"\1", text))).strip()
    parts = re.split(f"{MARK_START}([^{MARK_START}{MARK_END}]*){MARK_END}", plain)
    signs = str.maketrans("", "", MARK_START + MARK_END)
    pieces = [
        f"<mark>{escape(part)}</mark>" if position % 2 else str(escape(part.translate(signs)))
        for position, part in enumerate(parts)
    ]
    return mark_safe("".join(pieces))  # noqa: S308 - every piece is escaped above


def is_made_by_ai(item: Item) -> bool:
    """True for what an assistant made: people must be told."""
    return item.message_id is not None or bool(item.provenance.get("assistant"))


def cost_for(user: User, item: Item) -> Decimal | None:
    """What the item cost, for those who may know: its author, owners and admins."""
    if item.author_id != user.pk and user.role not in MANAGERS:
        return None
    try:
        return Decimal(item.provenance["cost"])
    except (KeyError, InvalidOperation, TypeError):
        return None


@dataclass(frozen=True)
class Link:
    """One link of an item, with its whole address."""

    share: Share
    address: str
