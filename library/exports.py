"""Export of a person's library: uploads unchanged, texts as Markdown, details as JSON."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from library import files
from library.models import Item
from library.selectors import items_visible
from tenants.exporting import Part

FOLDER = "library"
LABEL = gettext_lazy("Bibliothèque")


def keys(person: User) -> list[UUID]:
    return list(items_visible(person).order_by("id").values_list("pk", flat=True))


def read(person: User, keys: Sequence[UUID]) -> list[Part]:
    rows = items_visible(person).filter(pk__in=keys).select_related("author").order_by("id")
    return [part for row in rows for part in _parts(row, partial(_may_read, person, row.pk))]


def _may_read(person: User, item_id: UUID) -> bool:
    return items_visible(person).filter(pk=item_id).exists()


def count(person: User) -> int:
    return items_visible(person).count()


def left_out(person: User) -> int:
    return Item.objects.exclude(pk__in=items_visible(person).order_by().values("pk")).count()


def _parts(item: Item, may_read: Callable[[], bool]) -> list[Part]:
    title = f"{timezone.localdate(item.created_at):%Y-%m-%d} {item.title}"
    details = Part(
        str(item.pk), title, "json", json.dumps(_as_json(item), ensure_ascii=False, indent=1).encode(), listed=False
    )
    if not item.file:
        return [Part(str(item.pk), title, "md", item.text.encode()), details]
    extension = files.extension_of(item.file_name) or "bin"
    return [
        Part(str(item.pk), title, extension, open=partial(files.storage().open, item.file), may_read=may_read),
        details,
    ]


def _as_json(item: Item) -> dict[str, Any]:
    """Details of an item. Times are ISO 8601 in UTC, sizes in bytes; `text` of a generated image is its prompt."""
    return {
        "id": str(item.pk),
        "kind": item.kind,
        "title": item.title,
        "text": item.text if item.file else "",
        "tags": item.tags,
        "author": item.author.email,
        "visibility": item.visibility,
        "provenance": item.provenance,
        "file_name": item.file_name,
        "media_type": item.media_type,
        "size": item.size,
        "created_at": item.created_at.isoformat(),
        "archived_at": item.archived_at and item.archived_at.isoformat(),
    }
