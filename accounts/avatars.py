"""The picture of a person: cut square, re-encoded and kept under the workspace's prefix of the storage."""

import contextlib
import re
import secrets
from typing import IO, Final
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from tenants.context import TenantRef
from tenants.pictures import PictureRefused, square_webp
from tenants.services import require_writable

MAX_AVATAR_BYTES: Final = 8_000_000
AVATAR_SIDE: Final = 256
_NAME: Final = re.compile(r"[0-9A-Za-z_]{1,40}\.webp")


def _path(tenant: TenantRef, name: str) -> str:
    return f"{tenant.file_prefix}/avatars/{name}"


def avatar_change(*, user: User, file: IO[bytes], size: int) -> None:
    """Give a person a picture. Raises `PictureRefused` or `ReadOnlyWorkspace`; then nothing is changed.

    Waits for a child process and the storage: call it outside any transaction.
    """
    tenant = require_writable()
    if size > MAX_AVATAR_BYTES:
        raise PictureRefused(_("Ce fichier est trop lourd : 8 Mo au plus."))
    picture = square_webp(file, AVATAR_SIDE)
    stored = storages["default"].save(_path(tenant, f"{secrets.token_hex(12)}.webp"), ContentFile(picture))
    try:
        _replace(tenant, user, stored.rsplit("/", 1)[-1])
    except BaseException:
        storages["default"].delete(stored)
        raise


def avatar_remove(*, user: User) -> None:
    """Take a person's picture away. Raises `ReadOnlyWorkspace`."""
    _replace(require_writable(), user, "")


def _replace(tenant: TenantRef, user: User, name: str) -> None:
    with transaction.atomic():
        row = User.objects.select_for_update().get(pk=user.pk)
        if row.avatar == name:
            return
        former, row.avatar = row.avatar, name
        row.save(update_fields=["avatar"])
        audit.record("user.avatar", actor=user, target=user.email, removed=not name)
        if former:
            transaction.on_commit(lambda: storages["default"].delete(_path(tenant, former)))
    user.avatar = name


def read_avatar(tenant: TenantRef, person_id: UUID, name: str) -> bytes | None:
    """The picture of this name, if this person of the workspace in context has it; else None."""
    if not _NAME.fullmatch(name) or not User.objects.filter(pk=person_id, avatar=name).exists():
        return None
    with contextlib.suppress(FileNotFoundError), storages["default"].open(_path(tenant, name)) as file:
        content: bytes = file.read()
        return content
    return None
