"""The archive over HTTP: step by step, each in the threads of what it does, holding nothing between two steps."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from time import monotonic
from typing import Any, Final
from uuid import UUID

from django.utils import translation

from accounts.models import User
from tenants import executors
from tenants.context import TenantRef, tenant_context
from workspace.export.archive import Archive

# Archives under way in this process: of one person, of one workspace, of everybody.
MOST_OF_ONE: Final = 1
MOST_OF_WORKSPACE: Final = 3
MOST: Final = 8
# A reader who is further behind than so many seconds, at the slowest speed that is waited for (bytes a second), loses
# the turn to whoever asks for one: eight of them would keep everybody from theirs.
STALLED: Final = 60.0
SLOWEST: Final = 32 * 1024
_OVER: Final = object()


class AtWork(Exception):
    """Raised where one is under way already (`own`), or too many are."""

    def __init__(self, *, own: bool) -> None:
        super().__init__()
        self.own = own


class TurnLost(Exception):
    """Raised in an archive whose reader took too little for too long, when another one has taken its turn."""


class Turn:
    """One archive under way. The answer ends it, and may do so more than once.

    The clock runs while the reader has a block to take; never while the reader waits for us.
    """

    def __init__(self, tenant_id: UUID, person_id: UUID) -> None:
        self.tenant_id, self.person_id = tenant_id, person_id
        self._took, self._allowed = 0.0, STALLED
        self._given_at: float | None = None

    def gives(self, block: bytes) -> None:
        """A block is the reader's to take."""
        self._allowed += len(block) / SLOWEST
        self._given_at = monotonic()

    def moves(self) -> None:
        """The reader took it. Raises `TurnLost`."""
        given_at, self._given_at = self._given_at, None
        if given_at is not None:
            self._took += monotonic() - given_at
        if self not in _under_way:
            raise TurnLost

    def is_stalled(self) -> bool:
        given_at = self._given_at
        return self._took + (monotonic() - given_at if given_at is not None else 0.0) > self._allowed

    def close(self) -> None:
        with _lock:
            _under_way.discard(self)


# Requests ask for a turn in threads, the loop ends it.
_lock = threading.Lock()
_under_way: set[Turn] = set()


def take_turn(tenant: TenantRef, person: User) -> Turn:
    """One more under way. Raises `AtWork`."""
    with _lock:
        _under_way.difference_update([turn for turn in _under_way if turn.is_stalled()])
        here = [turn for turn in _under_way if turn.tenant_id == tenant.id]
        if sum(turn.person_id == person.pk for turn in here) >= MOST_OF_ONE:
            raise AtWork(own=True)
        if len(here) >= MOST_OF_WORKSPACE or len(_under_way) >= MOST:
            raise AtWork(own=False)
        turn = Turn(tenant.id, person.pk)
        _under_way.add(turn)
        return turn


def _stepping(archive: Archive) -> Callable[[], Any]:
    """A function that takes the next step in the workspace's context and the person's language, in any thread."""
    steps, language = archive.blocks(), translation.get_language()

    def step() -> Any:
        with tenant_context(archive.tenant), translation.override(language):
            return next(steps, _OVER)

    return step


async def send(archive: Archive, turn: Turn) -> AsyncIterator[bytes]:
    """The bytes, for ASGI."""
    step, loop, asks = _stepping(archive), asyncio.get_running_loop(), False
    # An archive that fails ends here: the server closes the answer only where the reader left.
    with contextlib.closing(turn):
        while (block := await _taken(step, loop, asks=asks)) is not _OVER:
            asks = block is None
            if block:
                turn.gives(block)
                yield block
                turn.moves()


async def _taken(step: Callable[[], Any], loop: asyncio.AbstractEventLoop, *, asks: bool) -> Any:
    if asks:
        return await executors.in_database(step)
    return await loop.run_in_executor(executors.files(), step)


def send_at_once(archive: Archive, turn: Turn) -> Iterator[bytes]:
    """The same where there is no event loop."""
    step = _stepping(archive)
    with contextlib.closing(turn):
        while (block := step()) is not _OVER:
            if block:
                turn.gives(block)
                yield block
                turn.moves()
