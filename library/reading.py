"""Jobs that read files people brought: their words, to be found, and a small picture of an image.

A file is parsed in a sandboxed child process (`tenants.sandbox`), never in a request. Each job may run again.
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
# Of a document, this many characters are found: a book of a thousand pages.
MAX_CHARACTERS: Final = 3_000_000
THUMBNAIL_SIDE: Final = 160
# Four bytes a pixel and some room stand within the child's memory.
MAX_PIXELS: Final = 60_000_000
# How many left files one run takes up, and how old they must be: younger ones have a job of their own.
LEFT: Final = 200
LEFT_FOR: Final = timedelta(minutes=10)
Reading = Item.Reading


def first_state(kind: FileType) -> str:
    """What the item of a new file says of its reading."""
    return Reading.WAITING if kind.extension in DOCUMENTS or kind.kind == "image" else Reading.NOTHING


def ask(item: Item) -> None:
    """Read the file of an item, once the present transaction has committed."""
    if item.reading == Reading.WAITING:
        enqueue(read, item_id=str(item.pk))


def read(*, item_id: str) -> str:
    """Job: the words of a document or the thumbnail of an image; the state the item is in after."""
    item = Item.objects.filter(pk=UUID(item_id)).first()
    kind = type_of(item.media_type) if item else None
    if item is None or kind is None or not item.file:
        return ""
    try:
        if kind.extension in DOCUMENTS:
            return _keep_words(item, _words(item, kind))
        if kind.kind == "image":
            return _keep_thumbnail(item, _thumbnail(item))
        return _end(item, Reading.NOTHING)
    except (sandbox.Exceeded, sandbox.Failed, FileNotFoundError, ValueError) as error:
        log.warning("file not read item=%s type=%s %s", item_id, kind.extension, error)
        return _end(item, Reading.FAILED)


@contextmanager
def _on_disk(path: str) -> Iterator[IO[bytes]]:
    """The file with a descriptor of its own, wherever the storage keeps it."""
    with files.storage().open(path) as stored, tempfile.TemporaryFile() as copy:
        for block in stored.chunks():
            copy.write(block)
        copy.flush()
        yield copy


def _words(item: Item, kind: FileType) -> list[str]:
    with _on_disk(item.file) as file:
        told = sandbox.run(CHILDREN / "text.py", file, kind.extension, str(MAX_CHARACTERS))
    parts = json.loads(told)
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in parts):
        raise ValueError("not a list of texts")
    return parts


def _thumbnail(item: Item) -> bytes:
    with _on_disk(item.file) as file:
        return sandbox.run(CHILDREN / "thumbnail.py", file, str(THUMBNAIL_SIDE), str(MAX_PIXELS))


def _keep_words(item: Item, parts: list[str]) -> str:
    with transaction.atomic():
        if not Item.objects.select_for_update().filter(pk=item.pk).exists():
            return ""
        FileText.objects.filter(item=item).delete()
        FileText.objects.bulk_create(FileText(item=item, part=n, text=part) for n, part in enumerate(parts))
        return _end(item, Reading.DONE if parts else Reading.NOTHING)


def _keep_thumbnail(item: Item, data: bytes) -> str:
    path = f"{current_tenant().file_prefix}/library/{item.pk}/{secrets.token_hex(16)}.webp"
    path = str(files.storage().save(path, File(BytesIO(data))))
    with transaction.atomic():
        found = Item.objects.select_for_update().filter(pk=item.pk).first()
        if found is not None:
            Item.objects.filter(pk=item.pk).update(thumbnail=path, reading=Reading.DONE)
    old = found.thumbnail if found else path
    if old:
        files.remove(old)
    return str(Reading.DONE) if found else ""


def _end(item: Item, state: str) -> str:
    Item.objects.filter(pk=item.pk).update(reading=state)
    return str(state)


def take_up_everywhere() -> int:
    """Ask for `take_up` in every workspace; how many jobs were asked for."""
    return enqueue_everywhere(take_up)


def take_up() -> int:
    """Job: ask for the reading of files whose job was lost, or that came before files were read; how many."""
    if not isinstance(current(), TenantRef):
        return 0
    left = Item.objects.exclude(file="").filter(
        reading__in=[Reading.UNKNOWN, Reading.WAITING], created_at__lt=timezone.now() - LEFT_FOR
    )
    keys = list(left.order_by("-pk").values_list("pk", flat=True)[:LEFT])
    for key in keys:
        enqueue(read, item_id=str(key))
    return len(keys)
