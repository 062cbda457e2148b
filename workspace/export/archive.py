"""The archive itself: a ZIP made block by block from what the apps give (config/lifecycle.py, `EXPORTS`).

Memory holds one batch of texts and one block of a file. What a person may read is asked again with every batch, and
every few seconds while a file is sent.
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
# Rights asked so long ago are asked again before more of a file goes.
ASKED_SECONDS: Final = 2.0
BLOCK: Final = 256 * 1024
# Texts are made smaller; images, films and office files are compressed already.
_SMALLER: Final = frozenset({"md", "json", "txt", "csv", "html", "svg"})


class RightsEnded(Exception):
    """Raised where the person may not have the rest: the archive stays without its end, and opens nowhere."""


@dataclass
class Archive:
    """One export. Iterate `blocks` once. `allowed`: whether the person would be given an export now."""

    tenant: TenantRef
    person: User
    made_at: dt.datetime
    allowed: Callable[[], bool]
    _asked_at: float = 0.0
    _zip: ZipStream = field(default_factory=lambda: ZipStream(compress_type=ZIP_DEFLATED))
    # Stems given, of which content, and how many of each were wished for: alike whatever the case.
    _stems: dict[str, str] = field(default_factory=dict)
    _wished: dict[str, int] = field(default_factory=dict)
    _files: list[dict[str, Any]] = field(default_factory=list)
    _missing: list[str] = field(default_factory=list)
    # What a person finds in the list: (name in the archive, title), by app.
    _listed: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def blocks(self) -> Iterator[bytes | None]:
        """The bytes. None: the next step asks the database; no other step does, and none of those opens a file."""
        left_out: dict[str, int] = {}
        for path in settings.EXPORTS:
            exporter: Exporter = import_module(path)
            yield None
            keys = exporter.keys(self.person)
            left_out[exporter.FOLDER] = exporter.left_out(self.person)
            for start in range(0, len(keys), BATCH):
                yield None
                parts = self._read(exporter, keys[start : start + BATCH])
                yield b""
                for part in parts:
                    yield from self._part(exporter, part)
        yield from self._end(left_out)

    def _read(self, exporter: Exporter, keys: list[Any]) -> list[Part]:
        self._ask()
        return exporter.read(self.person, keys)

    def _ask(self, part: Part | None = None) -> None:
        """Raises `RightsEnded` where the person may have no more, or no more of this part."""
        if not self.allowed() or (part is not None and part.may_read is not None and not part.may_read()):
            raise RightsEnded
        self._asked_at = monotonic()

    def _asked_lately(self) -> bool:
        return monotonic() - self._asked_at < ASKED_SECONDS

    def _part(self, exporter: Exporter, part: Part) -> Iterator[bytes | None]:
        if part.open is None:
            name = self._name(exporter.FOLDER, part)
            yield from self._file(name, iter([part.data]))
        else:
            if not self._asked_lately():
                yield None
                self._ask()
                if part.may_read is not None and not part.may_read():
                    # No longer shared, or gone: as if it had never been read.
                    return
                yield b""
            name = self._name(exporter.FOLDER, part)
            try:
                opened = part.open()
            except FileNotFoundError:
                self._missing.append(name)
                return
            with opened:
                for block in self._file(name, _blocks_of(opened)):
                    yield block
                    if not self._asked_lately():
                        yield None
                        self._ask(part)
                        yield b""
        if part.listed:
            self._listed.setdefault(str(exporter.LABEL), []).append((name, part.title))

    def _name(self, folder: str, part: Part) -> str:
        """No folders in it, no characters a system refuses, and unlike every other one whatever the case.

        Files of one content share their stem: its details stand beside it under the same name.
        """
        plain = name_from_title(part.title, part.extension)
        stem, _dot, ending = plain.rpartition(".")
        wished = f"{folder}/{stem}".casefold()
        count, name = self._wished.get(wished, 1), stem
        if count > 1:
            name = f"{stem} ({count})"
        while self._stems.setdefault(f"{folder}/{name}".casefold(), part.key) != part.key:
            count += 1
            name = f"{stem} ({count})"
        self._wished[wished] = count
        return f"{folder}/{name}.{ending}"

    def _file(self, name: str, blocks: Iterator[bytes]) -> Iterator[bytes]:
        size, content = 0, hashlib.sha256()

        def counted() -> Iterator[bytes]:
            nonlocal size
            for block in blocks:
                size += len(block)
                content.update(block)
                yield block

        smaller = name.rpartition(".")[2] in _SMALLER
        self._zip.add(counted(), name, compress_type=ZIP_DEFLATED if smaller else ZIP_STORED)
        yield from self._zip.file()
        self._files.append({"name": name, "size": size, "sha256": content.hexdigest()})

    def _end(self, left_out: dict[str, int]) -> Iterator[bytes]:
        """The list for people, the list for programs, the directory of the archive."""
        context = {
            "tenant": self.tenant,
            "person": self.person,
            "made_at": self.made_at,
            "groups": self._listed,
            "missing": self._missing,
            "left_out": sum(left_out.values()),
        }
        yield from self._file("index.html", iter([render_to_string("home/export_index.html", context).encode()]))
        manifest = {
            "version": VERSION,
            "made_at": self.made_at.isoformat(),
            "workspace": self.tenant.slug,
            "person": self.person.email,
            "files": self._files,
            "missing": self._missing,
            "private_to_others": left_out,
        }
        data = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        yield from self._file("manifest.json", iter([data]))
        yield from self._zip.finalize()


def archive_begin(*, tenant: TenantRef, person: User, allowed: Callable[[], bool]) -> Archive:
    """An export of what a person may read, and its entry in the log."""
    with transaction.atomic():
        audit.record("data.exported", actor=person, target=person.email)
    return Archive(tenant, person, timezone.now(), allowed)


def _blocks_of(file: IO[bytes]) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block
