"""Uploads: type and size checks, storage quota, and saving."""

import codecs
from typing import IO, Any, Final

from django.conf import settings
from django.db import transaction

from accounts import audit
from accounts.models import User
from events.catalogue import Origin
from library import extraction, files, names, selectors
from library.facts import record_created
from library.labels import clean_text, clean_title
from library.models import Item
from library.sharing import audit_target
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
# Bytes of a text file up to which its text is searchable and shown.
MAX_READ_TEXT: Final = 200_000


def item_upload(
    *, author: User, file: IO[bytes], name: str, size: int, title: str = "", visibility: str = "private"
) -> Item:
    """Save an uploaded file. Raises `UploadRefused` or `ReadOnlyWorkspace`; then nothing is stored."""
    tenant = require_writable()
    stem, extension = names.split(names.clean_name(name) or "fichier")
    chosen_visibility = Item.Visibility(visibility)
    kind = check_file(file, extension, size)
    _check_quota(tenant, size)
    item = Item(
        id=new_id(),
        kind=kind.kind,
        title=clean_title(title or stem),
        text=_text_of(file, kind, size),
        author=author,
        visibility=chosen_visibility,
        file_name=names.join_name(stem, _stored_extension(kind, extension)),
        media_type=kind.stored,
        reading=extraction.initial_state(kind),
        size=size,
    )
    # Stored before the transaction, so that no lock is held meanwhile; removed if the transaction fails.
    item.file = files.store(tenant, item.pk, file, kind)
    try:
        with transaction.atomic():
            _count_bytes(tenant, size)
            item.save(force_insert=True)
            extraction.enqueue_extraction(item)
            audit.record("library.upload", actor=author, target=audit_target(item), kind=item.kind, bytes=size)
            record_created(item, Origin.UPLOAD)
    except BaseException:
        files.remove(item.file)
        raise
    return item


def file_type(file: IO[bytes], extension: str = "") -> FileType:
    """The type of a file by its bytes; `extension` only selects among plain texts. Raises `UploadRefused`."""
    return sniff(file, extension)


def check_file(file: IO[bytes], extension: str, size: int) -> FileType:
    if not size:
        raise UploadRefused("empty")
    max_size = max(settings.MAX_UPLOAD_BYTES.values())
    if size > max_size:
        raise UploadRefused("too_large", size=filesize(size), limit=filesize(max_size))
    kind = file_type(file, extension)
    limit = settings.MAX_UPLOAD_BYTES[kind.kind]
    if size > limit:
        raise UploadRefused("too_large", size=filesize(size), limit=filesize(limit))
    return kind


def _stored_extension(kind: FileType, extension: str) -> str:
    """The extension of the stored name: that of the type, but a text keeps a harmless extension of its own."""
    return extension if kind.media_type.startswith("text/") and extension in names.TEXT_EXTENSIONS else kind.extension


def _text_of(file: IO[bytes], kind: FileType, size: int) -> str:
    """The text of a text file up to `MAX_READ_TEXT`, for search and display; else blank."""
    if kind.extension in extraction.DOCUMENTS or not kind.media_type.startswith("text/") or size > MAX_READ_TEXT:
        return ""
    file.seek(0)
    raw = file.read(MAX_READ_TEXT).removeprefix(codecs.BOM_UTF8)
    # DOS programs end texts with \x1a.
    return clean_text(raw.decode(kind.charset or "utf-8", errors="replace").rstrip("\x1a"))


def _check_quota(tenant: TenantRef, size: int) -> None:
    """Raise `UploadRefused` before the file is stored if it exceeds the quota."""
    ceiling = plan_selectors.ceiling_of(tenant, STORAGE)
    if ceiling is not None and (used := selectors.storage_used()) + size > ceiling:
        raise _storage_full(tenant, used, size)


def _count_bytes(tenant: TenantRef, size: int) -> None:
    """Count the bytes in the item's transaction, which also holds the limit for concurrent uploads."""
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
