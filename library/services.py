"""Services of the library: saving answers and images, changing items; re-exports uploads, sharing and deletion."""

from collections.abc import Iterable
from io import BytesIO
from typing import Any, Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from events.catalogue import Origin
from library import extraction, files
from library.deletion import delete_files_of_workspace, item_delete
from library.facts import record_created
from library.labels import MAX_TITLE, clean_tags, clean_text, clean_title
from library.models import Item
from library.sharing import (
    SHARE_DAYS,
    conversation_unshared,
    item_set_visibility,
    reassign,
    share_create,
    share_open,
    share_revoke,
)
from library.uploads import STORAGE, check_file, file_type, item_upload
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
    "reassign",
    "share_create",
    "share_open",
    "share_revoke",
]
# Longer texts are truncated, since a search vector of PostgreSQL is limited to a megabyte.
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
    """Save an answer in the caller's transaction. A second call for the same message updates text and provenance only.

    The item is visible to those who see its conversation, until its author publishes it (sharing.py).

    `provenance` may contain assistant, prompt_version, provider, model, tokens, cost (euros, decimal text). A
    read-only workspace is not refused, since that was checked when the answer started.
    """
    text = clean_text(text)[:MAX_TEXT]
    values: dict[str, Any] = {"text": text, "size": len(text.encode()), "provenance": provenance}
    if not Item.objects.filter(message_id=message_id).exists():
        # Counted without a limit, since the answer already exists.
        quotas.grow(STORAGE, values["size"], bounded=False)
    item, created = Item.objects.update_or_create(
        message_id=message_id,
        defaults=values,
        create_defaults=values
        | {
            "conversation_id": conversation_id,
            "author_id": author_id,
            "title": clean_title(title),
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
    """Save a generated image with its prompt. Raises `UploadRefused`; then nothing is stored.

    The type is detected from the bytes as for uploads; the type reported by the provider is not trusted.
    """
    tenant, file = current_tenant(), BytesIO(data)
    kind = check_file(file, "image.png", len(data))
    item = Item(
        id=new_id(),
        kind=kind.kind,
        title=clean_title(title),
        text=clean_text(prompt)[:MAX_TEXT],
        author_id=author_id,
        conversation_id=conversation_id,
        provenance=provenance,
        file_name=f"image.{kind.extension}",
        media_type=kind.stored,
        reading=extraction.initial_state(kind),
        size=len(data),
    )
    item.file = files.store(tenant, item.pk, file, kind)
    try:
        with transaction.atomic():
            # Counted without a limit, since the image is already paid.
            quotas.grow(STORAGE, item.size, bounded=False)
            item.save(force_insert=True)
            extraction.enqueue_extraction(item)
            record_created(item, Origin.IMAGE)
    except BaseException:
        files.remove(item.file)
        raise
    return item


def item_edit(*, item: Item, title: str, tags: Iterable[str]) -> Item:
    """Change title and tags."""
    require_writable()
    item.title, item.tags = clean_title(title), clean_tags(tags)
    item.save(update_fields=["title", "tags", "updated_at"])
    return item


def item_archive(*, item: Item) -> Item:
    """Archive an item. Its share links do not open until it is restored."""
    return _set_archived(item, True)


def item_restore(*, item: Item) -> Item:
    """Restore an archived item."""
    return _set_archived(item, False)


def _set_archived(item: Item, archived: bool) -> Item:
    require_writable()
    if (item.archived_at is not None) != archived:
        item.archived_at = timezone.now() if archived else None
        item.save(update_fields=["archived_at", "updated_at"])
    return item
