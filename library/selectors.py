"""Reading the library: one door to each item, the list with its filters and search."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Case, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Left
from django.http import Http404
from django.utils import timezone

from accounts.access import MANAGERS
from accounts.models import Role, User
from library.models import FileText, Item, Share
from library.types import ShareGone
from tenants import search
from tenants.context import TenantRef, current_tenant
from tenants.signing import BadSignature, sign, unsign
from ui.days import end_of_day, start_of_day

EXCERPT: Final = 240
# As they stand in the indexes.
WORDS: Final = search.Words("title", "text")
TITLE_WORDS: Final = search.Words("title")
FILE_WORDS: Final = search.Words("text")
SHARE_PURPOSE: Final = "share"

_SHARED = Q(visibility=Item.Visibility.WORKSPACE) | Q(conversation__visibility="workspace")
# A link that somebody else made opens for as long as the whole workspace sees the item; the author's own, always.
_LINK_HOLDS = (
    Q(created_by=F("item__author"))
    | Q(item__visibility=Item.Visibility.WORKSPACE)
    | Q(item__conversation__visibility="workspace")
)


def items_visible(user: User) -> QuerySet[Item]:
    """What a person may read: their own, what is published to the workspace, what a shared conversation made."""
    return Item.objects.filter(Q(author=user) | _SHARED)


def items_writable(user: User) -> QuerySet[Item]:
    """What a person may change: their own; owners and admins also what the whole workspace sees."""
    mine = Q(author=user)
    return Item.objects.filter(mine | _SHARED if user.role in MANAGERS else mine)


def access_item(user: User, item_id: UUID, *, for_writing: bool = False) -> Item:
    """The one door to an item. Raises Http404 for what one may not see, or not change."""
    rows = items_writable(user) if for_writing else items_visible(user)
    found = rows.filter(pk=item_id).select_related("author", "conversation").first()
    if found is None:
        raise Http404
    return found


def access_share(user: User, item_id: UUID, share_id: UUID) -> Share:
    """The one door to a link from inside: of an item one may change. Raises Http404."""
    item = access_item(user, item_id, for_writing=True)
    found = item.shares.filter(pk=share_id).first()
    if found is None:
        raise Http404
    found.item = item
    return found


def may_write(user: User, item: Item) -> bool:
    """True where `access_item(..., for_writing=True)` opens, without a query. `item` came through the door."""
    return item.author_id == user.pk or (user.role in MANAGERS and is_shared(item))


def may_delete(user: User, item: Item) -> bool:
    """True where a person may delete an item for good: its author; an owner, of what the whole workspace sees.

    `item` came through the door. No query.
    """
    return item.author_id == user.pk or (user.role == Role.OWNER and is_shared(item))


def may_publish(user: User, item: Item) -> bool:
    """True where a person may publish an item to the workspace: its author alone."""
    return item.author_id == user.pk


def kept(keys: Iterable[UUID]) -> set[UUID]:
    """Which of these items there still are, archived ones included. No query for none."""
    parse = list(keys)
    return set(Item.objects.filter(pk__in=parse).order_by().values_list("pk", flat=True)) if parse else set()


def is_shared(item: Item) -> bool:
    """True where the whole workspace sees an item: by itself, or through its conversation."""
    conversation = item.conversation
    return item.visibility == Item.Visibility.WORKSPACE or (
        conversation is not None and conversation.visibility == "workspace"
    )


def sees_conversation(user: User, item: Item) -> bool:
    """True where a person may open the conversation that made an item."""
    conversation = item.conversation
    return conversation is not None and (conversation.author_id == user.pk or conversation.visibility == "workspace")


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to. Blank: everything."""

    query: str = ""
    kind: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    mine: bool = False
    tag: str = ""
    archived: bool = False


def item_list(user: User, filters: Filters) -> QuerySet[Item]:
    """The items of a page of the library: newest first, or the best found first. `excerpt` stands on each."""
    rows = items_visible(user).filter(archived_at__isnull=not filters.archived)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.mine:
        rows = rows.filter(author=user)
    if filters.tag:
        rows = rows.filter(tags__contains=[filters.tag])
    rows = _between(rows, filters.since, filters.until)
    rows = rows.select_related("author", "conversation").defer("text")
    text = filters.query.replace("\x00", "").strip()[: search.MAX_QUERY_LENGTH]
    return _searched(rows, text) if text else rows.annotate(excerpt=_beginning()).order_by("-pk")


def _beginning() -> Left:
    return Left("text", EXCERPT)


def _between(rows: QuerySet[Item], since: dt.date | None, until: dt.date | None) -> QuerySet[Item]:
    if since:
        rows = rows.filter(created_at__gte=start_of_day(since))
    if until:
        rows = rows.filter(created_at__lt=end_of_day(until))
    return rows


def _searched(rows: QuerySet[Item], text: str) -> QuerySet[Item]:
    """What was found: first where the title says it, then by age. `looked_at` stands on each, for the excerpt."""
    query = search.parse(text)
    in_title = _in_titles(text, query)
    found = Item.objects.order_by().values("pk").filter(tags__contains=[text.lower()]).union(in_title)
    if query:
        in_files = FileText.objects.order_by().filter(query.matches(FILE_WORDS)).values("item")
        found = found.union(Item.objects.order_by().values("pk").filter(query.matches(WORDS)), in_files)
    rank = Case(When(pk__in=in_title, then=Value(1)), default=Value(0), output_field=IntegerField())
    return (
        rows.filter(pk__in=found)
        .annotate(excerpt=_beginning(), looked_at=Left("text", search.MAX_EXCERPT_SOURCE), rank=rank)
        .order_by("-rank", "-pk")
    )


def _in_titles(text: str, query: search.SearchQuery) -> QuerySet[Item, Any]:
    """Keys of what has the words in its title, or just these letters. Apart from each other: beside a part of a title,
    which no index finds, every text would be read."""
    keys = Item.objects.order_by().values("pk")
    letters = keys.filter(title__icontains=text)
    return letters.union(keys.filter(query.matches(TITLE_WORDS))) if query else letters


def texts_found(items: Iterable[Item], query: search.SearchQuery) -> dict[UUID, str]:
    """By item, the first part of its file's words that answers the query. Asked for a page of the list at once."""
    keys = [item.pk for item in items if item.file]
    if not keys or not query:
        return {}
    rows = FileText.objects.order_by().filter(query.matches(FILE_WORDS)).values_list("pk", "item_id", "part")
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        # Found through the index, once: the planner could as well read each part of these items anew.
        cursor.execute(
            f"WITH found (id, item_id, part) AS MATERIALIZED ({sql}) SELECT DISTINCT ON (found.item_id) found.item_id,"
            " whole.text FROM found JOIN library_filetext whole ON whole.id = found.id"
            " WHERE found.item_id = ANY(%s) ORDER BY found.item_id, found.part",
            [*parameters, keys],
        )
        return dict(cursor.fetchall())


def tags_in_use(user: User, *, most: int = 50) -> list[str]:
    """The tags of what a person sees, the most used first."""
    rows = items_visible(user).filter(archived_at=None).values_list("tags", flat=True)
    query, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT tag FROM ({query}) AS visible (tags), unnest(visible.tags) AS tag"
            " GROUP BY tag ORDER BY count(*) DESC, tag LIMIT %s",
            [*parameters, most],
        )
        return [row[0] for row in cursor.fetchall()]


def recent(user: User, count: int = 5) -> list[Item]:
    """A person's latest items, for the home page."""
    rows = Item.objects.filter(author=user, archived_at=None).defer("text")
    return list(rows.order_by("-pk")[:count])


def storage_used() -> int:
    """Bytes that the workspace in context keeps, archived items included."""
    total: dict[str, Any] = Item.objects.aggregate(bytes=Sum("size"))
    return int(total["bytes"] or 0)


def share_token(share: Share) -> str:
    """What a link carries: the share's key, signed for this workspace alone."""
    return sign(SHARE_PURPOSE, str(share.pk))


def shared(token: str) -> Share:
    """The share behind a link, with its item. Raises `ShareGone`, whatever the reason."""
    tenant: TenantRef = current_tenant()
    try:
        key = UUID(str(unsign(SHARE_PURPOSE, token)))
    except (BadSignature, ValueError) as error:
        raise ShareGone from error
    found = None if tenant.state == "closed" else share_open_now(key)
    if found is None:
        raise ShareGone
    return found


def share_open_now(share_id: UUID) -> Share | None:
    """A share with its item, if its link opens now: not revoked, not expired, its item neither hidden nor archived."""
    holds = Share.objects.select_related("item").filter(_LINK_HOLDS, revoked_at=None, expires_at__gt=timezone.now())
    return holds.filter(pk=share_id, item__archived_at=None).first()


def shares_of(item: Item) -> list[Share]:
    """The links of an item that still open, newest first."""
    return list(item.shares.filter(_LINK_HOLDS, revoked_at=None, expires_at__gt=timezone.now()))
