"""Generation of the archive: a ZIP in blocks, from the contents that the apps export (config/lifecycle.py, `EXPORTS`).

Memory holds one batch of texts and one block of a file. Rights are checked again for every batch, and every few seconds
while a file is sent.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from time import monotonic
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZIP_STORED

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from zipstream import ZipStream

from accounts import audit
from accounts.models import User
from library.names import name_from_title
from tenants.context import TenantRef
from tenants.exporting import Exporter, Part

VERSION: Final = 1
BATCH: Final = 10
# Rights are checked again before the next block if the last check is older.
RECHECK_SECONDS: Final = 2.0
BLOCK: Final = 256 * 1024
# File extensions to compress; images, videos and office files are compressed already.
_COMPRESSIBLE: Final = frozenset({"md", "json", "txt", "csv", "html", "svg"})


class RightsLost(Exception):
    """Raised if the person loses access during the export. The archive stays incomplete and cannot be opened."""


@dataclass
class Archive:
    """One export. Iterate `blocks` once. `allowed` returns whether the person may still export."""

    tenant: TenantRef
    person: User
    made_at: dt.datetime
    allowed: Callable[[], bool]
    _checked_at: float = 0.0
    _zip: ZipStream = field(default_factory=lambda: ZipStream(compress_type=ZIP_DEFLATED))
    # Both by folder and stem in lower case: key of the content with that stem, and last number given to it.
    _stems: dict[str, str] = field(default_factory=dict)
    _last_numbers: dict[str, int] = field(default_factory=dict)
    _manifest_files: list[dict[str, Any]] = field(default_factory=list)
    _missing: list[str] = field(default_factory=list)
    # Entries of index.html, (name in the archive, title), by label of the app.
    _index: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def blocks(self) -> Iterator[bytes | None]:
        """Blocks of the ZIP. None announces a step that queries the database.

        Such a step opens no file, and the others make no queries.
        """
        left_out: dict[str, int] = {}
        for path in settings.EXPORTS:
            exporter: Exporter = import_module(path)
            yield None
            keys = exporter.keys(self.person)
            left_out[exporter.FOLDER] = exporter.left_out(self.person)
            for start in range(0, len(keys), BATCH):
                yield None
                parts = self._read_parts(exporter, keys[start : start + BATCH])
                yield b""
                for part in parts:
                    yield from self._part_blocks(exporter, part)
        yield from self._closing_blocks(left_out)

    def _read_parts(self, exporter: Exporter, keys: list[Any]) -> list[Part]:
        self._check_rights()
        return exporter.read(self.person, keys)

    def _check_rights(self, part: Part | None = None) -> None:
        """Raise `RightsLost` if the person may no longer export, or no longer read this part."""
        if not self.allowed() or (part is not None and part.may_read is not None and not part.may_read()):
            raise RightsLost
        self._checked_at = monotonic()

    def _is_recently_checked(self) -> bool:
        return monotonic() - self._checked_at < RECHECK_SECONDS

    def _part_blocks(self, exporter: Exporter, part: Part) -> Iterator[bytes | None]:
        if part.open is None:
            name = self._unique_name(exporter.FOLDER, part)
            yield from self._file_blocks(name, iter([part.data]))
        else:
            if not self._is_recently_checked():
                yield None
                self._check_rights()
                if part.may_read is not None and not part.may_read():
                    # Unshared or deleted since the batch was read.
                    return
                yield b""
            name = self._unique_name(exporter.FOLDER, part)
            try:
                source = part.open()
            except FileNotFoundError:
                self._missing.append(name)
                return
            with source:
                for block in self._file_blocks(name, _blocks_of(source)):
                    yield block
                    if not self._is_recently_checked():
                        yield None
                        self._check_rights(part)
                        yield b""
        if part.listed:
            self._index.setdefault(str(exporter.LABEL), []).append((name, part.title))

    def _unique_name(self, folder: str, part: Part) -> str:
        """A file name without path separators or reserved characters, unique regardless of case.

        Files of one content share their stem, e.g. an image and its details in JSON.
        """
        safe_name = name_from_title(part.title, part.extension)
        stem, _dot, extension = safe_name.rpartition(".")
        requested = f"{folder}/{stem}".casefold()
        number, name = self._last_numbers.get(requested, 1), stem
        if number > 1:
            name = f"{stem} ({number})"
        while self._stems.setdefault(f"{folder}/{name}".casefold(), part.key) != part.key:
            number += 1
            name = f"{stem} ({number})"
        self._last_numbers[requested] = number
        return f"{folder}/{name}.{extension}"

    def _file_blocks(self, name: str, blocks: Iterator[bytes]) -> Iterator[bytes]:
        size, digest = 0, hashlib.sha256()

        def measured_blocks() -> Iterator[bytes]:
            nonlocal size
            for block in blocks:
                size += len(block)
                digest.update(block)
                yield block

        is_compressible = name.rpartition(".")[2] in _COMPRESSIBLE
        self._zip.add(measured_blocks(), name, compress_type=ZIP_DEFLATED if is_compressible else ZIP_STORED)
        yield from self._zip.file()
        self._manifest_files.append({"name": name, "size": size, "sha256": digest.hexdigest()})

    def _closing_blocks(self, left_out: dict[str, int]) -> Iterator[bytes]:
        """index.html for people, manifest.json for programs, and the central directory of the ZIP."""
        context = {
            "tenant": self.tenant,
            "person": self.person,
            "made_at": self.made_at,
            "groups": self._index,
            "missing": self._missing,
            "left_out": sum(left_out.values()),
        }
        yield from self._file_blocks("index.html", iter([render_to_string("home/export_index.html", context).encode()]))
        manifest = {
            "version": VERSION,
            "made_at": self.made_at.isoformat(),
            "workspace": self.tenant.slug,
            "person": self.person.email,
            "files": self._manifest_files,
            "missing": self._missing,
            "private_to_others": left_out,
        }
        data = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        yield from self._file_blocks("manifest.json", iter([data]))
        yield from self._zip.finalize()


def archive_begin(*, tenant: TenantRef, person: User, allowed: Callable[[], bool]) -> Archive:
    """Begin an export of the contents that a person may read, and audit it."""
    with transaction.atomic():
        audit.record("data.exported", actor=person, target=person.email)
    return Archive(tenant, person, timezone.now(), allowed)


def _blocks_of(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block
