"""Files of the state directory: private and written atomically; locks that the kernel releases."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO


def make_directory(path: Path) -> Path:
    """Create a private directory. As root it is traversable by others, since PostgreSQL runs as another user."""
    if not path.exists():
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)
    return path


def write_private(path: Path, text: str) -> None:
    """Write a file readable by its owner only, atomically: a crash leaves the old or the new content."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
    temporary.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The content of a JSON file, or {} if it is missing or damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def open_log(path: Path, limit: int = 5_000_000) -> BinaryIO:
    """Open a server's log for appending; rotate it first if it exceeds `limit` bytes."""
    if path.exists() and path.stat().st_size > limit:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def secret(path: Path) -> str:
    """The secret stored in a file, generated at the first call."""
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text(encoding="utf-8").strip()


class Lock:
    """An advisory lock on a file. The kernel releases it when the holder exits for any reason."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def take(self, *, shared: bool = False, wait: bool = True) -> bool:
        """Acquire the lock; False if it is not free. A lock already held changes between shared and exclusive."""
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(self._descriptor, kind | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True

    @property
    def released(self) -> bool:
        return self._descriptor < 0

    def release(self) -> None:
        """Release the lock; it cannot be taken again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Run the block with an exclusive lock on the file."""
    lock = Lock(path)
    lock.take()
    try:
        yield
    finally:
        lock.release()
