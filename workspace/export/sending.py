"""The archive over HTTP: step by step, each in the threads of what it does, holding nothing between two steps."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
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
_under_way: Counter[tuple[UUID, UUID]] = Counter()
_OVER: Final = object()


class AtWork(Exception):
    """Raised where one is under way already (`own`), or too many are."""

    def __init__(self, *, own: bool) -> None:
        super().__init__()
        self.own = own


def take_turn(tenant: TenantRef, person: User) -> Callable[[], None]:
    """Count one more under way; the answer ends it, and may be called more than once. Raises `AtWork`."""
    key, ended = (tenant.id, person.pk), False
    if _under_way[key] >= MOST_OF_ONE:
        raise AtWork(own=True)
    if _under_way.total() >= MOST:
        raise AtWork(own=False)
    _under_way[key] += 1

    def end() -> None:
        nonlocal ended
        if not ended:
            ended = True
            _under_way[key] -= 1
            if not _under_way[key]:
                del _under_way[key]

    return end


def _stepping(archive: Archive) -> Callable[[], Any]:
    """A function that takes the next step in the workspace's context and the person's language, in any thread."""
    steps, language = archive.blocks(), translation.get_language()

    def step() -> Any:
        with tenant_context(archive.tenant), translation.override(language):
            return next(steps, _OVER)

    return step


async def send(archive: Archive) -> AsyncIterator[bytes]:
    """The bytes, for ASGI."""
    step, loop, asks = _stepping(archive), asyncio.get_running_loop(), False
    while (block := await _taken(step, loop, asks=asks)) is not _OVER:
        asks = block is None
        if block:
            yield block


async def _taken(step: Callable[[], Any], loop: asyncio.AbstractEventLoop, *, asks: bool) -> Any:
    if asks:
        return await executors.in_database(step)
    return await loop.run_in_executor(executors.files(), step)


def send_at_once(archive: Archive) -> Iterator[bytes]:
    """The same where there is no event loop."""
    step = _stepping(archive)
    while (block := step()) is not _OVER:
        if block:
            yield block
