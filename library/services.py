"""Every change of the library: answers kept, files brought, items changed, links made and revoked."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from events.catalogue import Origin
from library import files, reading
from library.deletion import delete_files_of_workspace, item_delete
from library.labels import MAX_TITLE, clean_tags, clean_text, line_title
from library.models import Item
from library.recorded import record_created
from library.sharing import (
    SHARE_DAYS,
    conversation_unshared,
    item_set_visibility,
    share_create,
    share_open,
    share_revoke,
)
from library.uploads import STORAGE, checked, file_type, item_upload
from tenants.context import current_tenant
from tenants.ids import new_id
from tenants.services import require_writable
from usage import services as quotas

__all__ = [
    "MAX_TITLE",
    "SHARE_DAYS",
    "clean_tags",
    "conversation_unshared",
    "delete_files_of_workspace",
    "file_type",
    "item_archive",
    "item_delete",
    "item_edit",
    "item_restore",
    "item_save_answer",
    "item_save_image",
    "item_set_visibility",
    "item_upload",
    "share_create",
    "share_open",
    "share_revoke",
]
# The search column takes a megabyte of words: a text longer than this is cut.
MAX_TEXT: Final = 900_000


def item_save_answer(
    *,
    message_id: UUID,
    conversation_id: UUID,
    author_id: UUID,
    title: str,
    text: str,
    kind: str,
    provenance: dict[str, str],
) -> Item:
    """Keep an answer, in the caller's transaction. The same answer again changes its text only.

    It is seen by those who see its conversation, for as long as they do, until its author publishes it (sharing.py).

    `provenance` may carry assistant, prompt_version, provider, model, tokens, cost (euros, decimal text).
    Whether the workspace may be written to was asked when the answer began.
    """
    text = clean_text(text)[:MAX_TEXT]
    fresh: dict[str, Any] = {"text": text, "size": len(text.encode()), "provenance": provenance}
    if not Item.objects.filter(message_id=message_id).exists():
        # The answer is there already: it is counted, and never refused.
        quotas.grow(STORAGE, fresh["size"], bounded=False)
    item, created = Item.objects.update_or_create(
        message_id=message_id,
        defaults=fresh,
        create_defaults=fresh
        | {
            "conversation_id": conversation_id,
            "author_id": author_id,
            "title": line_title(title),
            "kind": kind,
        },
    )
    if created:
        record_created(item, Origin.ANSWER)
    return item


def item_save_image(
    *,
    author_id: UUID,
    conversation_id: UUID,
    title: str,
    prompt: str,
    data: bytes,
    provenance: dict[str, str],
) -> Item:
    """Keep an image an assistant made, with its prompt. Raises `UploadRefused`; then nothing is left.

    The bytes are sniffed as anybody's are: a provider's word for their type is not taken.
    """
    tenant, file = current_tenant(), BytesIO(data)
    kind = checked(file, "image.png", len(data))
    item = Item(
        id=new_id(),
        kind=kind.kind,
        title=line_title(title),
        text=clean_text(prompt)[:MAX_TEXT],
        author_id=author_id,
        conversation_id=conversation_id,
        provenance=provenance,
        file_name=f"image.{kind.extension}",
        media_type=kind.stored,
        reading=reading.first_state(kind),
        size=len(data),
    )
    item.file = files.store(tenant, item.pk, file, kind)
    try:
        with transaction.atomic():
            # It is paid for already: it is counted, and never refused.
            quotas.grow(STORAGE, item.size, bounded=False)
            item.save(force_insert=True)
            reading.ask(item)
            record_created(item, Origin.IMAGE)
    except BaseException:
        files.remove(item.file)
        raise
    return item


def item_edit(*, item: Item, title: str, tags: Iterable[str]) -> Item:
    """Another title, other tags."""
    require_writable()
    item.title, item.tags = line_title(title), clean_tags(tags)
    item.save(update_fields=["title", "tags", "updated_at"])
    return item


def item_archive(*, item: Item) -> Item:
    """Out of the list; its links open nothing until it is restored."""
    return _set_archived(item, True)


def item_restore(*, item: Item) -> Item:
    """Back into the list."""
    return _set_archived(item, False)


def _set_archived(item: Item, archived: bool) -> Item:
    require_writable()
    if (item.archived_at is not None) != archived:
        item.archived_at = timezone.now() if archived else None
        item.save(update_fields=["archived_at", "updated_at"])
    return item
