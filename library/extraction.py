"""Jobs that extract the text of uploaded documents for search, and create thumbnails of images.

A file is parsed in a sandboxed child process (`tenants.sandbox`), never in a request. Jobs are idempotent.
"""

import json
import logging
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import IO, Final
from uuid import UUID

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from library import files
from library.models import FileText, Item
from library.sniffing import type_of
from library.types import FileType
from tenants import sandbox
from tenants.context import TenantRef, current, current_tenant
from tenants.queue import enqueue, enqueue_everywhere

log = logging.getLogger(__name__)
CHILDREN: Final = Path(__file__).parent / "children"
DOCUMENTS: Final = frozenset({"pdf", "docx", "xlsx", "pptx", "odt", "ods", "odp", "html", "svg", "xml"})
# Number of characters of a document that are searchable: a book of a thousand pages.
MAX_CHARACTERS: Final = 3_000_000
THUMBNAIL_SIDE: Final = 160
# At four bytes a pixel this fits in the child's memory.
MAX_PIXELS: Final = 60_000_000
# Number of unprocessed files that one run enqueues, and their minimum age; newer ones still have their own job.
MAX_UNPROCESSED: Final = 200
MIN_AGE: Final = timedelta(minutes=10)
Reading = Item.Reading


def initial_state(kind: FileType) -> str:
    """The extraction state of an item with a new file."""
    return Reading.WAITING if kind.extension in DOCUMENTS or kind.kind == "image" else Reading.NOTHING


def enqueue_extraction(item: Item) -> None:
    """Enqueue the extraction of an item's file after the current transaction has committed."""
    if item.reading == Reading.WAITING:
        enqueue(extract, item_id=str(item.pk))


def extract(*, item_id: str) -> str:
    """Job: extract the text of a document or create the thumbnail of an image. Returns the item's new state."""
    item = Item.objects.filter(pk=UUID(item_id)).first()
    kind = type_of(item.media_type) if item else None
    if item is None or kind is None or not item.file:
        return ""
    try:
        if kind.extension in DOCUMENTS:
            return _save_texts(item, _extract_text(item, kind))
        if kind.kind == "image":
            return _save_thumbnail(item, _create_thumbnail(item))
        return _set_state(item, Reading.NOTHING)
    except (sandbox.Exceeded, sandbox.Failed, FileNotFoundError, ValueError) as error:
        log.warning("file not read item=%s type=%s %s", item_id, kind.extension, error)
        return _set_state(item, Reading.FAILED)


@contextmanager
def _local_copy(path: str) -> Iterator[IO[bytes]]:
    """A temporary local copy of a stored file, with a file descriptor."""
    with files.storage().open(path) as stored, tempfile.TemporaryFile() as copy:
        for block in stored.chunks():
            copy.write(block)
        copy.flush()
        yield copy


def _extract_text(item: Item, kind: FileType) -> list[str]:
    with _local_copy(item.file) as file:
        output = sandbox.run(CHILDREN / "text.py", file, kind.extension, str(MAX_CHARACTERS))
    parts = json.loads(output)
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("not a list of texts")
    return parts


def _create_thumbnail(item: Item) -> bytes:
    with _local_copy(item.file) as file:
        return sandbox.run(CHILDREN / "thumbnail.py", file, str(THUMBNAIL_SIDE), str(MAX_PIXELS))


def _save_texts(item: Item, parts: list[str]) -> str:
    with transaction.atomic():
        if not Item.objects.select_for_update().filter(pk=item.pk).exists():
            return ""
        FileText.objects.filter(item=item).delete()
        FileText.objects.bulk_create(FileText(item=item, part=n, text=part) for n, part in enumerate(parts))
        return _set_state(item, Reading.DONE if parts else Reading.NOTHING)


def _save_thumbnail(item: Item, data: bytes) -> str:
    path = f"{current_tenant().file_prefix}/library/{item.pk}/{secrets.token_hex(16)}.webp"
    path = str(files.storage().save(path, File(BytesIO(data))))
    with transaction.atomic():
        locked = Item.objects.select_for_update().filter(pk=item.pk).first()
        if locked is not None:
            Item.objects.filter(pk=item.pk).update(thumbnail=path, reading=Reading.DONE)
    old = locked.thumbnail if locked else path
    if old:
        files.remove(old)
    return str(Reading.DONE) if locked else ""


def _set_state(item: Item, state: str) -> str:
    Item.objects.filter(pk=item.pk).update(reading=state)
    return str(state)


def enqueue_unprocessed_everywhere() -> int:
    """Enqueue `enqueue_unprocessed` in every workspace. Returns the number of jobs."""
    return enqueue_everywhere(enqueue_unprocessed)


def enqueue_unprocessed() -> int:
    """Job: enqueue the extraction of files whose job was lost, or that were never processed. Returns their number."""
    if not isinstance(current(), TenantRef):
        return 0
    unprocessed = Item.objects.exclude(file="").filter(
        reading__in=[Reading.UNKNOWN, Reading.WAITING], created_at__lt=timezone.now() - MIN_AGE
    )
    keys = list(unprocessed.order_by("-pk").values_list("pk", flat=True)[:MAX_UNPROCESSED])
    for key in keys:
        enqueue(extract, item_id=str(key))
    return len(keys)
