"""Recording of facts that several services share."""

from events.catalogue import ItemCreated, ItemKind, Origin
from events.services import record
from library.models import Item


def record_created(item: Item, origin: Origin) -> None:
    """Record that an item was added, in the caller's transaction."""
    kind = ItemKind(item.kind)
    record(ItemCreated(subject_id=item.pk, actor_id=item.author_id, kind=kind, origin=origin, size=item.size))
