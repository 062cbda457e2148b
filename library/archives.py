"""A zip's table of contents, bounded before it is read: its declared size and its count come first."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final

# An office document is a zip; one of more parts, or that unpacks to more, is no document but an attack on its reader.
MAX_PARTS: Final = 10_000
MAX_UNPACKED: Final = 2 * 10**9
# The table of contents: 10,000 parts with names of 150 bytes.
MAX_DIRECTORY: Final = 2_000_000
# The end of a zip holds the count of parts: 22 bytes, then a comment of 65,535 at most.
_END_BYTES: Final = 22 + 65_535
_END_MARK: Final = b"PK\x05\x06"
_IN_ZIP64: Final = 0xFFFF


class ArchiveRefused(Exception):
    """Raised for a zip that is broken, or larger in parts or unpacked bytes than a document is."""


class _Careful:
    """A file that refuses to read more than MAX_DIRECTORY at once: `zipfile` reads a whole table of contents so."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise ArchiveRefused(f"{size} bytes at once")
        found = self._file.read(size if size >= 0 else MAX_DIRECTORY + 1)
        if len(found) > MAX_DIRECTORY:
            raise ArchiveRefused("all at once")
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


@contextmanager
def opened(file: IO[bytes]) -> Iterator[zipfile.ZipFile]:
    """The archive, its parts and their declared sizes within bounds. Raises `ArchiveRefused`.

    What a part unpacks to is bounded by what is declared: `zipfile` reads no further.
    """
    if _declared_parts(file) > MAX_PARTS:
        raise ArchiveRefused("too many parts")
    try:
        with zipfile.ZipFile(_Careful(file)) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise ArchiveRefused("too much inside")
            yield archive
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ArchiveRefused(str(error)) from error


def _declared_parts(file: IO[bytes]) -> int:
    """How many parts the end of the zip declares; 0 where no end is found. A zip64 declares too many for 16 bits."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES))
    tail = file.read(_END_BYTES)
    at = tail.rfind(_END_MARK)
    declared = int.from_bytes(tail[at + 10 : at + 12], "little") if at >= 0 else 0
    return MAX_PARTS + 1 if declared == _IN_ZIP64 else declared
