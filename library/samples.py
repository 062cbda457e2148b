"""Sample items: written by us; their bytes are counted, no fact is recorded."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from accounts.models import User
from library.models import Item
from library.uploads import STORAGE
from usage import services as quotas

# Both dates of a new row are set by the same call, some microseconds apart.
_SAME_MOMENT: Final = timedelta(seconds=1)


def sample_item_create(
    *, author: User, conversation_id: UUID, title: str, text: str, kind: str, tags: list[str]
) -> UUID:
    """Create a private text in the caller's transaction. Returns its key."""
    size = len(text.encode())
    quotas.grow(STORAGE, size, bounded=False)
    item = Item.objects.create(
        author=author, conversation_id=conversation_id, title=title, text=text, kind=kind, tags=tags, size=size
    )
    return item.pk


def sample_item_delete(*, item_id: UUID) -> bool:
    """Delete a sample, in the caller's transaction; False if somebody changed, published or shared it.

    True also if it is gone already.
    """
    item = Item.objects.select_for_update().filter(pk=item_id).first()
    if item is None:
        return True
    is_changed = item.updated_at - item.created_at > _SAME_MOMENT or item.visibility != Item.Visibility.PRIVATE
    if is_changed or item.shares.exists():
        return False
    item.delete()
    quotas.shrink(STORAGE, item.size)
    return True
