"""What each app gives to an export of a person's contents. The apps are named in config/lifecycle.py (`EXPORTS`)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Any, Protocol
from uuid import UUID


@dataclass(frozen=True)
class Part:
    """One file of an export. `title` is made into its name; files of one content have one `key`. `open`: gives the
    bytes instead of `data`, outside the database; it raises `FileNotFoundError` where the storage has lost them.
    """

    key: str
    title: str
    extension: str
    data: bytes = b""
    open: Callable[[], IO[bytes]] | None = None
    # A text for people that others only repeat (JSON beside Markdown) is left out of the list that people read.
    listed: bool = True
    # Whether the person may still read what `open` gives; it asks the database.
    still: Callable[[], bool] | None = None


class Exporter(Protocol):
    """A module that gives contents. `person` is an `accounts.models.User`. Each call asks the database by itself."""

    # The folder in the archive, and how the list calls it.
    FOLDER: str
    LABEL: Any

    def keys(self, person: Any) -> list[UUID]:
        """The contents a person may read now, oldest first."""

    def read(self, person: Any, keys: Sequence[UUID]) -> list[Part]:
        """Those of these contents that the person may still read, as files."""

    def count(self, person: Any) -> int:
        """How many `keys` would give."""

    def left_out(self, person: Any) -> int:
        """How many contents of the workspace are private to other people, and so not in the export."""
