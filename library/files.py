"""Where files live: private, under the workspace's prefix, in the storage of the settings (local, or S3)."""

import logging
import re
import secrets
import shutil
import unicodedata
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
MAX_NAME: Final = 120
_JOINERS: Final = "\u200c\u200d"
_BLACK_FLAG: Final = "\U0001f3f4"
_FLAG_TAGS: Final = frozenset(map(chr, range(0xE0020, 0xE0080)))
# Controls, format and direction characters, halves of pairs, private use.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co"})
_PREFIX = re.compile(r"tenants/[0-9a-f-]{36}")


def storage() -> Storage:
    """The storage of workspaces' files."""
    return storages["default"]


def is_local() -> bool:
    """True where we serve the bytes ourselves; otherwise the storage does, by signed addresses."""
    return isinstance(storage(), FileSystemStorage)


def plain_line(text: str) -> str:
    """A line without control and direction characters, which could show it as another.

    What emoji and Persian words are made with stays: the two joiners, and the tags behind a black flag.
    """
    kept: list[str] = []
    for letter in text:
        is_flag = letter in _FLAG_TAGS and bool(kept) and (kept[-1] == _BLACK_FLAG or kept[-1] in _FLAG_TAGS)
        if is_flag or letter in _JOINERS or unicodedata.category(letter) not in _UNSEEN:
            kept.append(letter)
    return "".join(kept)


def clean_name(name: str) -> str:
    """A file's name as people see it: no folders, no control or direction characters, of reasonable length."""
    last = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    spaced = re.sub(r"\s+", " ", last)
    tidy = plain_line(spaced).strip(" .")
    stem, dot, ending = tidy.rpartition(".")
    if not dot:
        return tidy[:MAX_NAME]
    return f"{stem[: MAX_NAME - 12].strip()}.{ending[:10]}"


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


def name_from_title(title: str, extension: str) -> str:
    """A file's name made of a title: what no system takes in names is left out."""
    plain = re.sub(r'[<>:"/\\|?*]+', " ", title)
    return clean_name(f"{re.sub(r'[. ]+$', '', plain)[:80].strip() or 'contenu'}.{extension}")
