"""Queue of the schemas to migrate, shared by the threads of a run."""

from collections import deque
from collections.abc import Iterable

from tenants.fleet.survey import Member


class Queue:
    """Schemas to migrate, with the number of the try. Thread-safe; after `close` it returns None."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._waiting = deque((member, 1) for member in members)
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def close(self) -> None:
        self._closed = True

    def take(self) -> tuple[Member, int] | None:
        try:
            return None if self._closed else self._waiting.popleft()
        except IndexError:
            return None

    def put_back(self, member: Member, tries: int) -> None:
        self._waiting.append((member, tries))
