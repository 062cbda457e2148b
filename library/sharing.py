"""Who sees an item: publishing, links, and the end of both.

An item that a conversation made follows its conversation's sharing until its author publishes it. What others made of
that sharing, their links, ends with it, also where they make one in the same moment.
"""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import User
from events.catalogue import ItemPublished, ItemShared
from events.services import record
from library import selectors
from library.models import Item, Share
from tenants.context import current_tenant
from tenants.services import require_writable

SHARE_DAYS: Final = (1, 7, 30, 90)


def target(item: Item) -> str:
    """By key, never by title: owners read the log, and a private title is a text of its author."""
    return f"item:{item.pk}"


def item_set_visibility(*, item: Item, visibility: str, actor: User) -> Item:
    """Publish to the workspace, or take back: then the links that others made to it end, unless it is still seen.

    Only its author publishes an item. Raises `ValueError` for another visibility, `PermissionDenied`, `Http404`.
    """
    wanted = Item.Visibility(visibility)
    with transaction.atomic():
        require_writable()
        found = _held(item, actor)
        if wanted == Item.Visibility.WORKSPACE and not selectors.may_publish(actor, found):
            raise PermissionDenied
        if found.visibility != wanted:
            before, found.visibility = found.visibility, wanted
            found.save(update_fields=["visibility", "updated_at"])
            ended = 0 if selectors.is_shared(found) else _end_links_of_others(Item.objects.filter(pk=found.pk))
            said: dict[str, Any] = {"before": before, "after": wanted.value} | ({"links": ended} if ended else {})
            audit.record("library.visibility", actor=actor, target=target(found), **said)
            published = wanted == Item.Visibility.WORKSPACE
            record(ItemPublished(subject_id=found.pk, actor_id=actor.pk, published=published))
    item.visibility = wanted
    return item


def conversation_unshared(*, conversation_id: UUID) -> int:
    """What a conversation made is its author's alone again, in the caller's transaction; how many links have ended.

    To be called after the conversation's own row was written. What its author has published stays published.
    """
    items = Item.objects.filter(conversation_id=conversation_id, visibility=Item.Visibility.PRIVATE)
    # In the order of their keys, and before the links are looked for: who makes one now waits, and is refused.
    list(items.order_by("pk").select_for_update().values_list("pk", flat=True))
    return _end_links_of_others(items)


def _end_links_of_others(items: QuerySet[Item]) -> int:
    """Revoke the links that others than the author made; how many."""
    of_others = ~Q(created_by=F("item__author")) | Q(created_by=None)
    keys = Share.objects.filter(of_others, item__in=items, revoked_at=None).order_by().values("pk")
    return Share.objects.filter(pk__in=keys).update(revoked_at=timezone.now())


def _held(item: Item, actor: User) -> Item:
    """The item as it is now, its row held to the end of the transaction. Raises Http404 where the right is gone."""
    Item.objects.select_for_update().filter(pk=item.pk).values_list("pk", flat=True).first()
    return selectors.access_item(actor, item.pk, for_writing=True)


def share_create(*, item: Item, actor: User, days: int) -> Share:
    """A link that opens the item for some days. Raises `ValueError` for a time that is not offered, `Http404`."""
    if days not in SHARE_DAYS:
        raise ValueError(f"not offered: {days} days")
    with transaction.atomic():
        require_writable()
        found = _held(item, actor)
        share = Share.objects.create(item=item, created_by=actor, expires_at=timezone.now() + timedelta(days=days))
        audit.record("library.share", actor=actor, target=target(found), share=str(share.pk), days=days)
        told = ItemShared(subject_id=found.pk, actor_id=actor.pk, share_id=share.pk, until=share.expires_at)
        record(told)
    return share


def share_revoke(*, share: Share, actor: User) -> Share:
    """The link opens nothing any more. Revoking again changes nothing."""
    with transaction.atomic():
        require_writable()
        revoked = Share.objects.filter(pk=share.pk, revoked_at=None).update(revoked_at=timezone.now())
        if revoked:
            audit.record("library.share_revoked", actor=actor, target=f"item:{share.item_id}", share=str(share.pk))
    share.refresh_from_db(fields=["revoked_at"])
    return share


def share_open(*, token: str) -> Share:
    """The share behind a link, counted as opened. Raises `ShareGone`.

    A read-only workspace is still read: its links open, uncounted.
    """
    share = selectors.shared(token)
    if current_tenant().writable:
        Share.objects.filter(pk=share.pk).update(opens=F("opens") + 1)
    return share
