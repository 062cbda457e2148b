"""Sending of an archive over HTTP, and limits on concurrent exports.

Each step runs in the executor for its kind (database or files) and holds no connection or thread between steps.
"""

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

# Concurrent exports in this process.
MAX_PER_PERSON: Final = 1
MAX_PER_WORKSPACE: Final = 3
MAX_PER_PROCESS: Final = 8
# A client that is more than this many seconds behind the minimum speed loses its turn when another export begins, so
# that stalled clients cannot block all turns.
STALL_SECONDS: Final = 60.0
MIN_BYTES_PER_SECOND: Final = 32 * 1024
_END: Final = object()


class TooManyExports(Exception):
    """Raised if the person already has an export in progress (`own`), or too many others have."""

    def __init__(self, *, own: bool) -> None:
        super().__init__()
        self.own = own


class TurnLost(Exception):
    """Raised in an export whose client was too slow, after another export has taken its turn."""


class Turn:
    """The right to run one export. `close` may be called more than once.

    Only the time that the client needs to take a block counts, not the time to generate it.
    """

    def __init__(self, tenant_id: UUID, person_id: UUID) -> None:
        self.tenant_id, self.person_id = tenant_id, person_id
        self._waited_seconds, self._allowed_seconds = 0.0, STALL_SECONDS
        self._offered_at: float | None = None

    def block_offered(self, block: bytes) -> None:
        """Start timing: a block is passed to the client."""
        self._allowed_seconds += len(block) / MIN_BYTES_PER_SECOND
        self._offered_at = monotonic()

    def block_taken(self) -> None:
        """Stop timing: the client has taken the block. Raises `TurnLost`."""
        offered_at, self._offered_at = self._offered_at, None
        if offered_at is not None:
            self._waited_seconds += monotonic() - offered_at
        if self not in _active_turns:
            raise TurnLost

    def is_stalled(self) -> bool:
        offered_at = self._offered_at
        return (
            self._waited_seconds + (monotonic() - offered_at if offered_at is not None else 0.0) > self._allowed_seconds
        )

    def close(self) -> None:
        with _lock:
            _active_turns.discard(self)


# Turns are taken in threads and closed in the event loop.
_lock = threading.Lock()
_active_turns: set[Turn] = set()


def take_turn(tenant: TenantRef, person: User) -> Turn:
    """Register one more export, after dropping stalled ones. Raises `TooManyExports`."""
    with _lock:
        _active_turns.difference_update([turn for turn in _active_turns if turn.is_stalled()])
        of_workspace = [turn for turn in _active_turns if turn.tenant_id == tenant.id]
        if sum(turn.person_id == person.pk for turn in of_workspace) >= MAX_PER_PERSON:
            raise TooManyExports(own=True)
        if len(of_workspace) >= MAX_PER_WORKSPACE or len(_active_turns) >= MAX_PER_PROCESS:
            raise TooManyExports(own=False)
        turn = Turn(tenant.id, person.pk)
        _active_turns.add(turn)
        return turn


def is_exporting(tenant: TenantRef, person: User) -> bool:
    """Whether this process is sending an export to the person."""
    with _lock:
        return any(turn.tenant_id == tenant.id and turn.person_id == person.pk for turn in _active_turns)


def _step_function(archive: Archive) -> Callable[[], Any]:
    """A function that returns the next block, or `_END` after the last.

    It enters the workspace's context and the person's language, so that any thread may call it.
    """
    steps, language = archive.blocks(), translation.get_language()

    def step() -> Any:
        with tenant_context(archive.tenant), translation.override(language):
            return next(steps, _END)

    return step


async def send(archive: Archive, turn: Turn) -> AsyncIterator[bytes]:
    """Blocks of the archive, for ASGI."""
    step, loop, uses_database = _step_function(archive), asyncio.get_running_loop(), False
    # Closes the turn of a failed export, too: the server closes the response only if the client disconnects.
    with contextlib.closing(turn):
        while (block := await _run_step(step, loop, uses_database=uses_database)) is not _END:
            uses_database = block is None
            if block:
                turn.block_offered(block)
                yield block
                turn.block_taken()


async def _run_step(step: Callable[[], Any], loop: asyncio.AbstractEventLoop, *, uses_database: bool) -> Any:
    if uses_database:
        return await executors.in_database(step)
    return await loop.run_in_executor(executors.files(), step)


def send_sync(archive: Archive, turn: Turn) -> Iterator[bytes]:
    """Blocks of the archive without an event loop (WSGI, test client)."""
    step = _step_function(archive)
    with contextlib.closing(turn):
        while (block := step()) is not _END:
            if block:
                turn.block_offered(block)
                yield block
                turn.block_taken()
