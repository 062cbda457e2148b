"""Queries of the library: access checks, the list with filters and search, share links."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Case, F, IntegerField, Q, QuerySet, Sum, Value, When
from django.db.models.functions import Left
from django.http import Http404
from django.urls import reverse
from django.utils import timezone

from accounts.access import MANAGERS
from accounts.models import Role, User
from library.models import FileText, Item, Share
from library.types import ShareGone
from tenants import search
from tenants.context import TenantRef, current_tenant
from tenants.signing import BadSignature, sign, unsign
from ui.days import end_of_day, start_of_day

EXCERPT_LENGTH: Final = 240
# The same expressions as in the indexes of the models.
WORDS: Final = search.Words("title", "text")
TITLE_WORDS: Final = search.Words("title")
FILE_WORDS: Final = search.Words("text")
SHARE_PURPOSE: Final = "share"

_SHARED = Q(visibility=Item.Visibility.WORKSPACE) | Q(conversation__visibility="workspace")
# A link created by another person opens only while the item is visible to the whole workspace; the author's own always.
_VALID_LINK = (
    Q(created_by=F("item__author"))
    | Q(item__visibility=Item.Visibility.WORKSPACE)
    | Q(item__conversation__visibility="workspace")
)


def items_visible(user: User) -> QuerySet[Item]:
    """Items that a person may read: their own, published ones, and those of shared conversations."""
    return Item.objects.filter(Q(author=user) | _SHARED)


def items_writable(user: User) -> QuerySet[Item]:
    """Items that a person may change: their own; for owners and admins also those visible to the whole workspace."""
    own = Q(author=user)
    return Item.objects.filter(own | _SHARED if user.role in MANAGERS else own)


def access_item(user: User, item_id: UUID, *, for_writing: bool = False) -> Item:
    """An item that the user may read, or change with `for_writing`. Raises Http404 otherwise."""
    rows = items_writable(user) if for_writing else items_visible(user)
    item = rows.filter(pk=item_id).select_related("author", "conversation").first()
    if item is None:
        raise Http404
    return item


def access_share(user: User, item_id: UUID, share_id: UUID) -> Share:
    """A share link of an item that the user may change. Raises Http404 otherwise."""
    item = access_item(user, item_id, for_writing=True)
    share = item.shares.filter(pk=share_id).first()
    if share is None:
        raise Http404
    share.item = item
    return share


def titles_for(user: User, keys: Iterable[UUID]) -> dict[UUID, tuple[str, str]]:
    """Title and path of the items among `keys` that the user may read and that are not in the bin."""
    # Jobs, which have no workspace's URLconf, call this too.
    rows = items_visible(user).filter(pk__in=keys, archived_at=None).values_list("pk", "title")
    return {key: (title, reverse("library:detail", urlconf=settings.TENANT_URLCONF, args=[key])) for key, title in rows}


def may_write(user: User, item: Item) -> bool:
    """Whether the user may change an item. No query; `item` comes from `access_item` or `item_list`."""
    return item.author_id == user.pk or (user.role in MANAGERS and is_shared(item))


def may_delete(user: User, item: Item) -> bool:
    """Whether the user may delete an item permanently: its author, or an owner if the whole workspace sees it.

    No query; `item` comes from `access_item` or `item_list`.
    """
    return item.author_id == user.pk or (user.role == Role.OWNER and is_shared(item))


def may_publish(user: User, item: Item) -> bool:
    """Whether the user may publish an item to the workspace: only its author may."""
    return item.author_id == user.pk


def existing_items(keys: Iterable[UUID]) -> set[UUID]:
    """The keys of items that still exist, archived ones included. No query without keys."""
    item_ids = list(keys)
    return set(Item.objects.filter(pk__in=item_ids).order_by().values_list("pk", flat=True)) if item_ids else set()


def is_shared(item: Item) -> bool:
    """Whether the whole workspace sees an item, by its own visibility or through its conversation."""
    conversation = item.conversation
    return item.visibility == Item.Visibility.WORKSPACE or (
        conversation is not None and conversation.visibility == "workspace"
    )


def sees_conversation(user: User, item: Item) -> bool:
    """Whether the user may open the conversation of an item."""
    conversation = item.conversation
    return conversation is not None and (conversation.author_id == user.pk or conversation.visibility == "workspace")


@dataclass(frozen=True)
class Filters:
    """Filters of the list. Blank values do not filter."""

    query: str = ""
    kind: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    only_own: bool = False
    tag: str = ""
    archived: bool = False


def item_list(user: User, filters: Filters) -> QuerySet[Item]:
    """The items of the list, newest first or by rank of the search, annotated with `excerpt`."""
    rows = items_visible(user).filter(archived_at__isnull=not filters.archived)
    if filters.kind:
        rows = rows.filter(kind=filters.kind)
    if filters.only_own:
        rows = rows.filter(author=user)
    if filters.tag:
        rows = rows.filter(tags__contains=[filters.tag])
    rows = _created_between(rows, filters.since, filters.until)
    rows = rows.select_related("author", "conversation").defer("text")
    text = filters.query.replace("\x00", "").strip()[: search.MAX_QUERY_LENGTH]
    return _search(rows, text) if text else rows.annotate(excerpt=_excerpt()).order_by("-pk")


def _excerpt() -> Left:
    return Left("text", EXCERPT_LENGTH)


def _created_between(rows: QuerySet[Item], since: dt.date | None, until: dt.date | None) -> QuerySet[Item]:
    if since:
        rows = rows.filter(created_at__gte=start_of_day(since))
    if until:
        rows = rows.filter(created_at__lt=end_of_day(until))
    return rows


def _search(rows: QuerySet[Item], text: str) -> QuerySet[Item]:
    """Items that match a search, title matches first, then newest. Annotated with `searched_text` for the excerpt."""
    query = search.parse(text)
    title_matches = _title_matches(text, query)
    matches = Item.objects.order_by().values("pk").filter(tags__contains=[text.lower()]).union(title_matches)
    if query:
        file_matches = FileText.objects.order_by().filter(query.matches(FILE_WORDS)).values("item")
        matches = matches.union(Item.objects.order_by().values("pk").filter(query.matches(WORDS)), file_matches)
    rank = Case(When(pk__in=title_matches, then=Value(1)), default=Value(0), output_field=IntegerField())
    return (
        rows.filter(pk__in=matches)
        .annotate(excerpt=_excerpt(), searched_text=Left("text", search.MAX_EXCERPT_SOURCE), rank=rank)
        .order_by("-rank", "-pk")
    )


def _title_matches(text: str, query: search.SearchQuery) -> QuerySet[Item, Any]:
    """Keys of items whose title matches the words or contains the text.

    A union: combined with the substring condition, which has no index, every text would be read.
    """
    keys = Item.objects.order_by().values("pk")
    substring_matches = keys.filter(title__icontains=text)
    return substring_matches.union(keys.filter(query.matches(TITLE_WORDS))) if query else substring_matches


def matching_file_texts(items: Iterable[Item], query: search.SearchQuery) -> dict[UUID, str]:
    """The first matching part of each item's extracted file text, by item, for all items of a page in one query."""
    keys = [item.pk for item in items if item.file]
    if not keys or not query:
        return {}
    rows = FileText.objects.order_by().filter(query.matches(FILE_WORDS)).values_list("pk", "item_id", "part")
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        # MATERIALIZED forces the use of the index; the planner may otherwise parse each part of these items again.
        cursor.execute(
            f"WITH match (id, item_id, part) AS MATERIALIZED ({sql}) SELECT DISTINCT ON (match.item_id) match.item_id,"
            " file_text.text FROM match JOIN library_filetext file_text ON file_text.id = match.id"
            " WHERE match.item_id = ANY(%s) ORDER BY match.item_id, match.part",
            [*parameters, keys],
        )
        return dict(cursor.fetchall())


def tags_in_use(user: User, *, limit: int = 50) -> list[str]:
    """The tags of items that the user sees, most used first."""
    rows = items_visible(user).filter(archived_at=None).values_list("tags", flat=True)
    query, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT tag FROM ({query}) AS visible (tags), unnest(visible.tags) AS tag"
            " GROUP BY tag ORDER BY count(*) DESC, tag LIMIT %s",
            [*parameters, limit],
        )
        return [row[0] for row in cursor.fetchall()]


def recent(user: User, count: int = 5) -> list[Item]:
    """A person's latest items, for the home page."""
    rows = Item.objects.filter(author=user, archived_at=None).defer("text")
    return list(rows.order_by("-pk")[:count])


def files_besides(keys: Any) -> QuerySet[Item]:
    """The uploaded files of the workspace whose key is not among `keys`, a list or a query. For counts and EXISTS."""
    return Item.objects.order_by().exclude(file="").filter(conversation=None).exclude(pk__in=keys)


def files_being_read(user: User, *, since: dt.timedelta = dt.timedelta(hours=1)) -> list[Item]:
    """The user's files brought lately whose words are still being read, newest first."""
    rows = Item.objects.filter(author=user, reading=Item.Reading.WAITING, created_at__gt=timezone.now() - since)
    return list(rows.defer("text").order_by("-pk")[:10])


def storage_used() -> int:
    """Bytes stored by the workspace in context, archived items included."""
    total: dict[str, Any] = Item.objects.aggregate(bytes=Sum("size"))
    return int(total["bytes"] or 0)


def share_token(share: Share) -> str:
    """The token in a link's URL: the share's key, signed for this workspace only."""
    return sign(SHARE_PURPOSE, str(share.pk))


def share_for_token(token: str) -> Share:
    """The share of a link's token, with its item. Raises `ShareGone` for any reason."""
    tenant: TenantRef = current_tenant()
    try:
        key = UUID(str(unsign(SHARE_PURPOSE, token)))
    except (BadSignature, ValueError) as error:
        raise ShareGone from error
    share = None if tenant.state == "closed" else valid_share(key)
    if share is None:
        raise ShareGone
    return share


def valid_share(share_id: UUID) -> Share | None:
    """A share with its item, if it is not revoked or expired and its item is neither hidden nor archived."""
    valid = Share.objects.select_related("item").filter(_VALID_LINK, revoked_at=None, expires_at__gt=timezone.now())
    return valid.filter(pk=share_id, item__archived_at=None).first()


def valid_shares(item: Item) -> list[Share]:
    """The valid share links of an item, newest first."""
    return list(item.shares.filter(_VALID_LINK, revoked_at=None, expires_at__gt=timezone.now()))


def count_of(user: User) -> int:
    """Number of a person's items, archived ones included."""
    return Item.objects.filter(author=user).count()
