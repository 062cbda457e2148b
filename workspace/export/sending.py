"""The archive over HTTP: step by step, each in the threads of what it does, holding nothing between two steps."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from time import monotonic
from typing import Any, Final
from uuid import UUID

from django.utils import translation

from accounts.models import User
from tenants import executors
from tenants.context import TenantRef, tenant_context
from workspace.export.archive import Archive

# Archives under way in this process: of one person, and of everybody.
MOST_OF_ONE: Final = 1
MOST: Final = 8
# Seconds after which a reader who takes nothing loses the turn: eight of them would keep everybody from theirs.
STALLED: Final = 60.0
_OVER: Final = object()


class AtWork(Exception):
    """Raised where one is under way already (`own`), or too many are."""

    def __init__(self, *, own: bool) -> None:
        super().__init__()
        self.own = own


class TurnLost(Exception):
    """Raised in an archive whose reader took nothing for too long, when another one has taken its turn."""


class Turn:
    """One archive under way. The answer ends it, and may do so more than once."""

    def __init__(self, key: tuple[UUID, UUID]) -> None:
        self.key = key
        self.moved_at = monotonic()

    def moves(self) -> None:
        """The reader took a block. Raises `TurnLost`."""
        if self not in _under_way:
            raise TurnLost
        self.moved_at = monotonic()

    def end(self) -> None:
        _under_way.discard(self)


_under_way: set[Turn] = set()


def take_turn(tenant: TenantRef, person: User) -> Turn:
    """One more under way. Raises `AtWork`."""
    _under_way.difference_update([turn for turn in _under_way if monotonic() - turn.moved_at > STALLED])
    key = (tenant.id, person.pk)
    if sum(turn.key == key for turn in _under_way) >= MOST_OF_ONE:
        raise AtWork(own=True)
    if len(_under_way) >= MOST:
        raise AtWork(own=False)
    turn = Turn(key)
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
    while (block := await _taken(step, loop, asks=asks)) is not _OVER:
        asks = block is None
        if block:
            yield block
            turn.moves()


async def _taken(step: Callable[[], Any], loop: asyncio.AbstractEventLoop, *, asks: bool) -> Any:
    if asks:
        return await executors.in_database(step)
    return await loop.run_in_executor(executors.files(), step)


def send_at_once(archive: Archive, turn: Turn) -> Iterator[bytes]:
    """The same where there is no event loop."""
    step = _stepping(archive)
    while (block := step()) is not _OVER:
        if block:
            yield block
            turn.moves()
