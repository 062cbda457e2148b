"""Every change of the library: answers kept, files brought, items changed, links made and revoked."""

import codecs
import logging
import re
import unicodedata
from collections.abc import Iterable
from functools import partial
from io import BytesIO
from typing import IO, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from analytics import services as analytics
from billing import selectors as billing
from billing import services as quotas
from billing.types import QuotaExceeded
from library import files, names, reading, selectors
from library.models import Item
from library.sharing import (
    SHARE_DAYS,
    conversation_unshared,
    item_set_visibility,
    share_create,
    share_open,
    share_revoke,
    target,
)
from library.sniffing import sniff
from library.types import FileType, UploadRefused
from tenants.context import TenantRef, current_tenant
from tenants.ids import new_id
from tenants.queue import enqueue
from tenants.services import require_writable
from ui.templatetags.ui import filesize

__all__ = [
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
log = logging.getLogger(__name__)

MAX_TAGS: Final = 20
MAX_TAG: Final = 40
MAX_TITLE: Final = 200
# Larger texts are kept as files only: what is searched and shown has a measure.
MAX_READ_TEXT: Final = 200_000
# The search column takes a megabyte of words: a text longer than this is cut.
MAX_TEXT: Final = 900_000
STORAGE: Final = "storage"


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
    text = _clean(text)[:MAX_TEXT]
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
            "title": _title(title),
            "kind": kind,
        },
    )
    if created:
        analytics.record(contents=1)
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
    kind = _checked(file, "image.png", len(data))
    item = Item(
        id=new_id(),
        kind=kind.kind,
        title=_title(title),
        text=_clean(prompt)[:MAX_TEXT],
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
            analytics.record(contents=1)
    except BaseException:
        files.remove(item.file)
        raise
    return item


def item_edit(*, item: Item, title: str, tags: Iterable[str]) -> Item:
    """Another title, other tags."""
    require_writable()
    item.title, item.tags = _title(title), clean_tags(tags)
    item.save(update_fields=["title", "tags", "updated_at"])
    return item


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Trimmed, in lower case and one Unicode form, each once, in the order given; 20 of 40 characters at most.

    A sign at its end is part of it ("C#"); one before it is how other places write tags.
    """
    lines = (unicodedata.normalize("NFC", names.plain_line(re.sub(r"\s+", " ", tag))) for tag in tags)
    tidy = (line.strip(" ,").lstrip("# ").lower()[:MAX_TAG].strip() for line in lines)
    return list(dict.fromkeys(tag for tag in tidy if tag))[:MAX_TAGS]


def _title(title: str) -> str:
    line = names.plain_line(re.sub(r"\s+", " ", title)).strip()[:MAX_TITLE]
    # Joiners, selectors and fillers alone are a link that nobody sees.
    return line if re.sub(r"[\s\u200c\u200d\ufe0e\ufe0f\u3164\u115f\u1160\u2800]", "", line) else _("Sans titre")


def _clean(text: str) -> str:
    """PostgreSQL takes every character but this one."""
    return text.replace("\x00", "")


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


def item_delete(*, item: Item, actor: User) -> None:
    """Delete an archived item for good, with its links and its file; its bytes are given back.

    Raises `ValueError` where it is not archived. Deleting again changes nothing. Who may was asked at the door.
    """
    with transaction.atomic():
        require_writable()
        found = (
            Item.objects.select_for_update()
            .only("archived_at", "kind", "size", "file", "thumbnail")
            .filter(pk=item.pk)
            .first()
        )
        if found is None:
            return
        if found.archived_at is None:
            raise ValueError(f"not archived: {item.pk}")
        name, paths = target(found), [path for path in (found.file, found.thumbnail) if path]
        found.delete()
        quotas.shrink(STORAGE, found.size)
        audit.record("library.deleted", actor=actor, target=name, kind=found.kind, bytes=found.size)
        for path in paths:
            transaction.on_commit(partial(_remove_surely, path))


def _remove_surely(path: str) -> None:
    """Now; and where the storage fails now, by a job that tries again: what was deleted for good is."""
    try:
        files.discard(path)
    except Exception:
        log.exception("file not deleted yet path=%s", path)
        enqueue("library.files.discard", path=path)


def item_upload(
    *, author: User, file: IO[bytes], name: str, size: int, title: str = "", visibility: str = "private"
) -> Item:
    """Keep a file somebody brought. Raises `UploadRefused` or `ReadOnlyWorkspace`; then nothing is left of it."""
    tenant = require_writable()
    stem, ending = names.split(names.clean_name(name) or "fichier")
    wanted = Item.Visibility(visibility)
    kind = _checked(file, ending, size)
    _require_room(tenant, size)
    item = Item(
        id=new_id(),
        kind=kind.kind,
        title=_title(title or stem),
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
            analytics.record(contents=1)
    except BaseException:
        files.remove(item.file)
        raise
    return item


def file_type(file: IO[bytes], extension: str = "") -> FileType:
    """What a file really is, by its bytes; `extension` chooses among plain texts only. Raises `UploadRefused`."""
    return sniff(file, extension)


def _checked(file: IO[bytes], ending: str, size: int) -> FileType:
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
    if not kind.media_type.startswith("text/") or size > MAX_READ_TEXT:
        return ""
    file.seek(0)
    raw = file.read(MAX_READ_TEXT).removeprefix(codecs.BOM_UTF8)
    # DOS ended texts with \x1a.
    return _clean(raw.decode(kind.charset or "utf-8", errors="replace").rstrip("\x1a"))


def _require_room(tenant: TenantRef, size: int) -> None:
    """Before the bytes travel: what would not fit need not come."""
    ceiling = billing.ceiling_of(tenant, STORAGE)
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
        plan=billing.plan_of(tenant)["name"],
        limit=filesize(billing.limit_of(tenant, STORAGE)),
        used=filesize(used),
        size=filesize(size),
    )


def delete_files_of_workspace(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "deleting": all files of the workspace, once its rows are gone for good."""
    prefix = tenant.file_prefix
    transaction.on_commit(lambda: _delete_files(prefix))


def _delete_files(prefix: str) -> None:
    """Now; and where the storage fails now, by a job that tries again. The deletion itself goes on."""
    try:
        files.remove_all_of(prefix)
    except Exception:
        log.exception("files not deleted yet prefix=%s", prefix)
        enqueue("library.files.remove_all_of", prefix=prefix)
