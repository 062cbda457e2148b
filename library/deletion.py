"""Deleting for good: an item with its links and file, and all files of a workspace that goes."""

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
from library.sharing import target
from library.uploads import STORAGE
from tenants.context import TenantRef
from tenants.queue import enqueue
from tenants.services import require_writable
from usage import services as quotas

log = logging.getLogger(__name__)


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
        kind = ItemKind(found.kind)
        record(ItemDeleted(subject_id=item.pk, actor_id=actor.pk, kind=kind, size=found.size))
        for path in paths:
            transaction.on_commit(partial(_remove_surely, path))


def _remove_surely(path: str) -> None:
    """Now; and where the storage fails now, by a job that tries again: what was deleted for good is."""
    try:
        files.discard(path)
    except Exception:
        log.exception("file not deleted yet path=%s", path)
        enqueue(files.discard, path=path)


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
        enqueue(files.remove_all_of, prefix=prefix)
