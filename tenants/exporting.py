"""Interface of the modules that contribute to an export of a person's contents (config/lifecycle.py, `EXPORTS`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol
from uuid import UUID


@dataclass(frozen=True)
class Part:
    """One file of an export. The file name is made from `title`; files of one content share a `key`. `open` returns the
    bytes instead of `data`, without the database; it raises `FileNotFoundError` if the storage has lost the file.
    """

    key: str
    title: str
    extension: str
    data: bytes = b""
    open: Callable[[], IO[bytes]] | None = None
    # False for a duplicate in a machine format (JSON beside Markdown): the index does not list it.
    listed: bool = True
    # Whether the person may still read the file; it queries the database.
    may_read: Callable[[], bool] | None = None


class Exporter(Protocol):
    """Interface of a module with contents. `person` is an `accounts.models.User`. Each call queries the database."""

    # The folder in the archive, and its label in the index.
    FOLDER: str
    LABEL: Any

    def keys(self, person: Any) -> list[UUID]:
        """Keys of the contents that the person may read, oldest first."""

    def read(self, person: Any, keys: Sequence[UUID]) -> list[Part]:
        """Files of those of the given contents that the person may still read."""

    def count(self, person: Any) -> int:
        """Number of keys that `keys` returns."""

    def left_out(self, person: Any) -> int:
        """Number of contents of the workspace that are private to other people, and so not exported."""
