"""Visibility of items: publishing to the workspace and share links.

An item from a conversation has the conversation's visibility until its author publishes it. When an item is no longer
visible to the workspace, the links that others created end, also those created concurrently.
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


def audit_target(item: Item) -> str:
    """The target of audit entries. The key rather than the title, since owners must not read private titles there."""
    return f"item:{item.pk}"


def item_set_visibility(*, item: Item, visibility: str, actor: User) -> Item:
    """Publish an item to the workspace (its author only), or make it private.

    If the workspace then no longer sees the item, the links that others created end. Raises `ValueError` for an
    unknown visibility, `PermissionDenied`, `Http404`.
    """
    new_visibility = Item.Visibility(visibility)
    with transaction.atomic():
        require_writable()
        locked = _lock_item(item, actor)
        if new_visibility == Item.Visibility.WORKSPACE and not selectors.may_publish(actor, locked):
            raise PermissionDenied
        if locked.visibility != new_visibility:
            previous, locked.visibility = locked.visibility, new_visibility
            locked.save(update_fields=["visibility", "updated_at"])
            ended_links = 0 if selectors.is_shared(locked) else _end_links_of_others(Item.objects.filter(pk=locked.pk))
            details: dict[str, Any] = {"before": previous, "after": new_visibility.value} | (
                {"links": ended_links} if ended_links else {}
            )
            audit.record("library.visibility", actor=actor, target=audit_target(locked), **details)
            published = new_visibility == Item.Visibility.WORKSPACE
            record(ItemPublished(subject_id=locked.pk, actor_id=actor.pk, published=published))
    item.visibility = new_visibility
    return item


def conversation_unshared(*, conversation_id: UUID) -> int:
    """End the links of others to the items of a conversation that is made private. Returns their number.

    To be called in the transaction of the conversation's change, after it. Published items stay published.
    """
    items = Item.objects.filter(conversation_id=conversation_id, visibility=Item.Visibility.PRIVATE)
    # Locked in the order of their keys before links are queried: a concurrent `share_create` waits and is refused.
    list(items.order_by("pk").select_for_update().values_list("pk", flat=True))
    return _end_links_of_others(items)


def _end_links_of_others(items: QuerySet[Item]) -> int:
    """Revoke the links that were not created by the item's author. Returns their number."""
    by_others = ~Q(created_by=F("item__author")) | Q(created_by=None)
    keys = Share.objects.filter(by_others, item__in=items, revoked_at=None).order_by().values("pk")
    return Share.objects.filter(pk__in=keys).update(revoked_at=timezone.now())


def _lock_item(item: Item, actor: User) -> Item:
    """Lock the item's row and read it again. Raises Http404 if the actor may no longer change it."""
    Item.objects.select_for_update().filter(pk=item.pk).values_list("pk", flat=True).first()
    return selectors.access_item(actor, item.pk, for_writing=True)


def share_create(*, item: Item, actor: User, days: int) -> Share:
    """Create a link to the item. Raises `ValueError` unless `days` is in SHARE_DAYS, `Http404`."""
    if days not in SHARE_DAYS:
        raise ValueError(f"not offered: {days} days")
    with transaction.atomic():
        require_writable()
        locked = _lock_item(item, actor)
        share = Share.objects.create(item=item, created_by=actor, expires_at=timezone.now() + timedelta(days=days))
        audit.record("library.share", actor=actor, target=audit_target(locked), share=str(share.pk), days=days)
        fact = ItemShared(subject_id=locked.pk, actor_id=actor.pk, share_id=share.pk, until=share.expires_at)
        record(fact)
    return share


def share_revoke(*, share: Share, actor: User) -> Share:
    """Revoke a link. Does nothing if it is revoked already."""
    with transaction.atomic():
        require_writable()
        revoked = Share.objects.filter(pk=share.pk, revoked_at=None).update(revoked_at=timezone.now())
        if revoked:
            audit.record("library.share_revoked", actor=actor, target=f"item:{share.item_id}", share=str(share.pk))
    share.refresh_from_db(fields=["revoked_at"])
    return share


def share_open(*, token: str) -> Share:
    """The share of a link's token; counts the opening. Raises `ShareGone`.

    In a read-only workspace links open without being counted.
    """
    share = selectors.share_for_token(token)
    if current_tenant().writable:
        Share.objects.filter(pk=share.pk).update(opens=F("opens") + 1)
    return share


def reassign(*, author: User, heir: User) -> int:
    """Make the items of a person another's, in the caller's transaction. Returns their number.

    Links to them stay, as the heir's; those that the person created for items of others end.
    """
    links = Share.objects.filter(created_by=author)
    own = links.filter(item__author=author).order_by().values("pk")
    Share.objects.filter(pk__in=own).update(created_by=heir)
    Share.objects.filter(created_by=author, revoked_at=None).update(revoked_at=timezone.now())
    return Item.objects.filter(author=author).update(author=heir)
