"""Where files live: private, under the workspace's prefix, in the storage of the settings (local, or S3)."""

import logging
import re
import secrets
import shutil
from pathlib import PurePosixPath
from typing import IO, Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages
from django.utils.http import content_disposition_header

from library.types import FileType
from tenants.context import TenantRef

log = logging.getLogger(__name__)
ADDRESS_SECONDS: Final = 300
_PREFIX = re.compile(r"tenants/[0-9a-f-]{36}")


def storage() -> Storage:
    """The storage of workspaces' files."""
    return storages["default"]


def is_local() -> bool:
    """True where we serve the bytes ourselves; otherwise the storage does, by signed addresses."""
    return isinstance(storage(), FileSystemStorage)


def extension_of(name: str) -> str:
    """The ending of a file's name, in lower case, without its dot."""
    return PurePosixPath(name).suffix.lstrip(".").lower()


def store(tenant: TenantRef, item_id: UUID, file: IO[bytes], kind: FileType) -> str:
    """Keep a file under the workspace's prefix; returns its path. Nothing of the path comes from outside."""
    path = f"{tenant.file_prefix}/library/{item_id}/{secrets.token_hex(16)}.{kind.extension}"
    file.seek(0)
    return str(storage().save(path, File(file)))


def remove(path: str) -> None:
    """Remove one file. A failure is logged: the caller is already handling another."""
    try:
        storage().delete(path)
    except Exception:
        log.exception("file left in the storage path=%s", path)


def discard(path: str) -> None:
    """Remove one file; one that is gone already is no failure. Raises what the storage raises."""
    storage().delete(path)


def remove_all_of(prefix: str) -> None:
    """Remove every file of a workspace. Raises `ValueError` unless the prefix is a workspace's whole prefix."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"not a workspace's prefix: {prefix!r}")
    place: Any = storage()
    if is_local():
        shutil.rmtree(place.path(prefix), ignore_errors=False) if place.exists(prefix) else None
    else:
        place.delete_all(f"{prefix}/")


def signed_address(path: str, media_type: str, disposition: str) -> str:
    """An address at the storage that shows one file for a few minutes, with our own headers."""
    place: Any = storage()
    parameters = {"ResponseContentDisposition": disposition, "ResponseContentType": media_type}
    return str(place.url(path, parameters=parameters, expire=ADDRESS_SECONDS))


def storage_origin() -> str:
    """The origin that pages must allow to show files from; blank where we serve them ourselves."""
    if is_local():
        return ""
    parts = urlsplit(signed_address("probe", "image/png", "inline"))
    return f"{parts.scheme}://{parts.netloc}"


def disposition(name: str, *, as_attachment: bool) -> str:
    """A Content-Disposition header that says how to take a file, and its name."""
    return content_disposition_header(as_attachment, name) or "inline"
