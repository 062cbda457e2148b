"""Access to the private files of workspaces, in the storage of the settings (local or S3)."""

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
SIGNED_URL_SECONDS: Final = 300
_PREFIX = re.compile(r"tenants/[0-9a-f-]{36}")


def storage() -> Storage:
    """The storage of workspaces' files."""
    return storages["default"]


def is_local() -> bool:
    """True if Ruche serves the files itself; otherwise the storage serves them by signed URLs."""
    return isinstance(storage(), FileSystemStorage)


def extension_of(name: str) -> str:
    """The extension of a file name in lower case, without the dot."""
    return PurePosixPath(name).suffix.lstrip(".").lower()


def store(tenant: TenantRef, item_id: UUID, file: IO[bytes], kind: FileType) -> str:
    """Store a file under the workspace's prefix. Returns its path, which contains no user input."""
    path = f"{tenant.file_prefix}/library/{item_id}/{secrets.token_hex(16)}.{kind.extension}"
    file.seek(0)
    return str(storage().save(path, File(file)))


def remove(path: str) -> None:
    """Delete a file. A failure is only logged, since callers are handling another error."""
    try:
        storage().delete(path)
    except Exception:
        log.exception("file left in the storage path=%s", path)


def discard(path: str) -> None:
    """Delete a file if it exists. Raises the storage's errors."""
    storage().delete(path)


def remove_all_of(prefix: str) -> None:
    """Delete all files of a workspace. Raises `ValueError` unless `prefix` is a complete workspace prefix."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"not a workspace's prefix: {prefix!r}")
    backend: Any = storage()
    if is_local():
        shutil.rmtree(backend.path(prefix), ignore_errors=False) if backend.exists(prefix) else None
    else:
        backend.delete_all(f"{prefix}/")


def signed_url(path: str, media_type: str, disposition: str) -> str:
    """A URL of a file at the storage, valid for `ADDRESS_SECONDS`, with our own response headers."""
    backend: Any = storage()
    parameters = {"ResponseContentDisposition": disposition, "ResponseContentType": media_type}
    return str(backend.url(path, parameters=parameters, expire=SIGNED_URL_SECONDS))


def storage_origin() -> str:
    """The origin of signed URLs, for the pages' content security policy; blank if files are served by Ruche."""
    if is_local():
        return ""
    parts = urlsplit(signed_url("probe", "image/png", "inline"))
    return f"{parts.scheme}://{parts.netloc}"


def disposition(name: str, *, as_attachment: bool) -> str:
    """The Content-Disposition header of a file."""
    return content_disposition_header(as_attachment, name) or "inline"
