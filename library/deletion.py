"""Permanent deletion: an item with its links and files, and all files of a deleted workspace."""

import logging
from functools import partial
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.models import User
from events.catalogue import ItemDeleted, ItemKind
from events.services import record
from library import files
from library.models import Item
from library.sharing import audit_target
from library.uploads import STORAGE
from tenants.context import TenantRef
from tenants.queue import enqueue
from tenants.services import require_writable
from usage import services as quotas

log = logging.getLogger(__name__)


def item_delete(*, item: Item, actor: User) -> None:
    """Delete an archived item permanently, with its links and files, and release its storage quota.

    Raises `ValueError` if it is not archived. Does nothing if it is deleted already. Callers check `may_delete`.
    """
    with transaction.atomic():
        require_writable()
        locked = (
            Item.objects.select_for_update()
            .only("archived_at", "kind", "size", "file", "thumbnail")
            .filter(pk=item.pk)
            .first()
        )
        if locked is None:
            return
        if locked.archived_at is None:
            raise ValueError(f"not archived: {item.pk}")
        target, paths = audit_target(locked), [path for path in (locked.file, locked.thumbnail) if path]
        locked.delete()
        quotas.shrink(STORAGE, locked.size)
        audit.record("library.deleted", actor=actor, target=target, kind=locked.kind, bytes=locked.size)
        kind = ItemKind(locked.kind)
        record(ItemDeleted(subject_id=item.pk, actor_id=actor.pk, kind=kind, size=locked.size))
        for path in paths:
            transaction.on_commit(partial(_discard_or_enqueue, path))


def _discard_or_enqueue(path: str) -> None:
    """Delete a file immediately, or by a job with retries if the storage fails."""
    try:
        files.discard(path)
    except Exception:
        log.exception("file not deleted yet path=%s", path)
        enqueue(files.discard, path=path)


def delete_files_of_workspace(tenant: TenantRef, **_details: Any) -> None:
    """Lifecycle step "deleting": delete all files of the workspace after the commit."""
    prefix = tenant.file_prefix
    transaction.on_commit(lambda: _delete_files_or_enqueue(prefix))


def _delete_files_or_enqueue(prefix: str) -> None:
    """Delete the files immediately, or by a job with retries if the storage fails."""
    try:
        files.remove_all_of(prefix)
    except Exception:
        log.exception("files not deleted yet prefix=%s", prefix)
        enqueue(files.remove_all_of, prefix=prefix)
