"""Files that people bring: what they are, whether there is room, and how they are kept."""

import codecs
from typing import IO, Any, Final

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.models import User
from events.catalogue import Origin
from library import files, names, reading, selectors
from library.labels import clean_text, line_title
from library.models import Item
from library.recorded import record_created
from library.sharing import target
from library.sniffing import sniff
from library.types import FileType, UploadRefused
from plans import selectors as plan_selectors
from tenants.context import TenantRef
from tenants.ids import new_id
from tenants.services import require_writable
from ui.templatetags.ui import filesize
from usage import services as quotas
from usage.types import QuotaExceeded

STORAGE: Final = "storage"
# Larger texts are kept as files only: what is searched and shown has a measure.
MAX_READ_TEXT: Final = 200_000


def item_upload(
    *, author: User, file: IO[bytes], name: str, size: int, title: str = "", visibility: str = "private"
) -> Item:
    """Keep a file somebody brought. Raises `UploadRefused` or `ReadOnlyWorkspace`; then nothing is left of it."""
    tenant = require_writable()
    stem, ending = names.split(names.clean_name(name) or "fichier")
    wanted = Item.Visibility(visibility)
    kind = checked(file, ending, size)
    _require_room(tenant, size)
    item = Item(
        id=new_id(),
        kind=kind.kind,
        title=line_title(title or stem),
        text=_words_of(file, kind, size),
        author=author,
        visibility=wanted,
        file_name=names.joined(stem, _ending_of(kind, ending)),
        media_type=kind.stored,
        reading=reading.first_state(kind),
        size=size,
    )
    # The bytes travel before the transaction: no lock is held meanwhile, and a failure takes them away again.
    item.file = files.store(tenant, item.pk, file, kind)
    try:
        with transaction.atomic():
            _take_room(tenant, size)
            item.save(force_insert=True)
            reading.ask(item)
            audit.record("library.upload", actor=author, target=target(item), kind=item.kind, bytes=size)
            record_created(item, Origin.UPLOAD)
    except BaseException:
        files.remove(item.file)
        raise
    return item


def file_type(file: IO[bytes], extension: str = "") -> FileType:
    """What a file really is, by its bytes; `extension` chooses among plain texts only. Raises `UploadRefused`."""
    return sniff(file, extension)


def checked(file: IO[bytes], ending: str, size: int) -> FileType:
    if not size:
        raise UploadRefused("empty")
    largest = max(settings.MAX_UPLOAD_BYTES.values())
    if size > largest:
        raise UploadRefused("too_large", size=filesize(size), limit=filesize(largest))
    kind = file_type(file, ending)
    limit = settings.MAX_UPLOAD_BYTES[kind.kind]
    if size > limit:
        raise UploadRefused("too_large", size=filesize(size), limit=filesize(limit))
    return kind


def _ending_of(kind: FileType, ending: str) -> str:
    """What a file's name ends in: its type says so, but texts of many kinds have a harmless ending of their own."""
    return ending if kind.media_type.startswith("text/") and ending in names.TEXT_ENDINGS else kind.extension


def _words_of(file: IO[bytes], kind: FileType, size: int) -> str:
    """The words of a text file of reasonable size, so that it is found and read in place."""
    if kind.extension in reading.DOCUMENTS or not kind.media_type.startswith("text/") or size > MAX_READ_TEXT:
        return ""
    file.seek(0)
    raw = file.read(MAX_READ_TEXT).removeprefix(codecs.BOM_UTF8)
    # DOS ended texts with \x1a.
    return clean_text(raw.decode(kind.charset or "utf-8", errors="replace").rstrip("\x1a"))


def _require_room(tenant: TenantRef, size: int) -> None:
    """Before the bytes travel: what would not fit need not come."""
    ceiling = plan_selectors.ceiling_of(tenant, STORAGE)
    if ceiling is not None and (used := selectors.storage_used()) + size > ceiling:
        raise _storage_full(tenant, used, size)


def _take_room(tenant: TenantRef, size: int) -> None:
    """Count the bytes, in the transaction of their item: of those who come together, as many as fit."""
    try:
        quotas.grow(STORAGE, size)
    except QuotaExceeded as error:
        raise _storage_full(tenant, error.gauge.used, size) from error


def _storage_full(tenant: TenantRef, used: Any, size: int) -> UploadRefused:
    return UploadRefused(
        "storage_full",
        plan=plan_selectors.plan_of(tenant)["name"],
        limit=filesize(plan_selectors.limit_of(tenant, STORAGE)),
        used=filesize(used),
        size=filesize(size),
    )
