"""Opens zip archives after checking the declared size and number of their parts."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final

# Limits of an office document (a zip). A larger one is considered an attack on its reader. Sizes in bytes.
MAX_PARTS: Final = 10_000
MAX_UNPACKED: Final = 2 * 10**9
# Size of the central directory: 10,000 parts with names of 150 bytes.
MAX_DIRECTORY: Final = 2_000_000
# The end-of-central-directory record with the number of parts: 22 bytes, then a comment of up to 65,535 bytes.
_END_BYTES: Final = 22 + 65_535
_END_SIGNATURE: Final = b"PK\x05\x06"
_IN_ZIP64: Final = 0xFFFF


class ArchiveRefused(Exception):
    """Raised for a zip that is broken, or exceeds the limits on parts or unpacked bytes."""


class _LimitedFile:
    """A file whose reads are limited to MAX_DIRECTORY, since `zipfile` reads the central directory in one call."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise ArchiveRefused(f"{size} bytes at once")
        data = self._file.read(size if size >= 0 else MAX_DIRECTORY + 1)
        if len(data) > MAX_DIRECTORY:
            raise ArchiveRefused("all at once")
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def open_archive(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """Open an archive whose parts and declared sizes are within the limits. Raises `ArchiveRefused`.

    The declared sizes are reliable upper bounds, since `zipfile` unpacks no more than is declared.
    """
    if _declared_parts(file) > MAX_PARTS:
        raise ArchiveRefused("too many parts")
    try:
        with zipfile.ZipFile(_LimitedFile(file)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise ArchiveRefused("too much inside")
            yield archive
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ArchiveRefused(str(error)) from error


def _declared_parts(file: IO[bytes]) -> int:
    """The number of parts that the archive declares; 0 if it has no end record, over the limit for zip64."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES))
    tail = file.read(_END_BYTES)
    index = tail.rfind(_END_SIGNATURE)
    declared = int.from_bytes(tail[index + 10 : index + 12], "little") if index >= 0 else 0
    return MAX_PARTS + 1 if declared == _IN_ZIP64 else declared
