"""Admission control: how many requests run at a time, and the order in which the others wait.

The limits are below the size of the connection pool, so a running request never waits for a connection. Waiting
requests are served round-robin by workspace, then by client address inside a workspace. A burst from one workspace
delays that workspace; a request of another one waits for the end of one request, not of a queue. Not counted:
static files, `/healthz`, and a response once it is being sent (an event stream, a download).
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Final

from django.conf import settings

from tenants.executors import database_threads, pool_size

# Waiting requests hold their bodies in memory. Limits for one process, and for one address in one workspace.
MAX_WAITING: Final = 512
MAX_WAITING_PER_VISITOR: Final = 128


class Busy(Exception):
    """Raised when a request has waited too long, or too many already wait; the response is a 503."""


@dataclass(frozen=True)
class Visitor:
    """Source of a request. `place`: a workspace's id, "public" or "unknown"; `address`: the client's IP address."""

    place: str
    address: str


class Turns:
    """Waiting requests by place and address. The next is from the place and address served least recently."""

    def __init__(self) -> None:
        self._places: OrderedDict[str, OrderedDict[str, deque[asyncio.Future[None]]]] = OrderedDict()
        self._held: Counter[Visitor] = Counter()
        self.waiting = 0

    def waiting_of(self, visitor: Visitor) -> int:
        """Number of waiting requests of one visitor."""
        return self._held[visitor]

    def add(self, visitor: Visitor, turn: asyncio.Future[None]) -> None:
        addresses = self._places.setdefault(visitor.place, OrderedDict())
        addresses.setdefault(visitor.address, deque()).append(turn)
        self._held[visitor] += 1
        self.waiting += 1

    def take(self, full: set[str]) -> tuple[str, asyncio.Future[None]] | None:
        """Remove and return the next (place, turn) of a place that is not in `full`; None if there is none."""
        place = next((candidate for candidate in self._places if candidate not in full), None)
        if place is None:
            return None
        addresses = self._places[place]
        address, turns = next(iter(addresses.items()))
        turn = turns.popleft()
        self._forget(Visitor(place, address))
        # The place and address just served go to the end, and are removed when nothing of theirs waits.
        addresses.move_to_end(address)
        self._places.move_to_end(place)
        self._prune(place, address)
        return place, turn

    def drop(self, visitor: Visitor, turn: asyncio.Future[None]) -> None:
        """Remove a turn whose request has stopped waiting."""
        addresses = self._places.get(visitor.place)
        turns = addresses.get(visitor.address) if addresses else None
        if turns and turn in turns:
            turns.remove(turn)
            self._forget(visitor)
            self._prune(visitor.place, visitor.address)

    def _forget(self, visitor: Visitor) -> None:
        self.waiting -= 1
        self._held[visitor] -= 1
        if not self._held[visitor]:
            del self._held[visitor]

    def _prune(self, place: str, address: str) -> None:
        if not self._places[place][address]:
            del self._places[place][address]
        if not self._places[place]:
            del self._places[place]


class Lane:
    """At most `limit` running requests, `share` of them from one place; others wait up to `seconds`. One event loop."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        # One place never takes the whole lane, unless the lane has a single slot.
        self.share = max(1, limit - max(1, limit // 4))
        self._seconds = seconds
        self._turns = Turns()
        self._at_work: Counter[str] = Counter()

    @property
    def at_work(self) -> int:
        return self._at_work.total()

    @property
    def waiting(self) -> int:
        return self._turns.waiting

    @asynccontextmanager
    async def turn(self, visitor: Visitor) -> AsyncIterator[None]:
        """Hold a slot of the lane for the block. Raises `Busy` if none is free within the lane's seconds."""
        await self._enter(visitor)
        try:
            yield
        finally:
            self._leave(visitor.place)

    async def _enter(self, visitor: Visitor) -> None:
        if (
            self.at_work < self.limit
            and self._at_work[visitor.place] < self.share
            and not self._turns.waiting_of(visitor)
        ):
            self._at_work[visitor.place] += 1
            return
        if self.waiting >= MAX_WAITING or self._turns.waiting_of(visitor) >= MAX_WAITING_PER_VISITOR:
            raise Busy
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.add(visitor, turn)
        try:
            async with asyncio.timeout(self._seconds):
                await turn
        except BaseException as error:
            # The turn may have been granted at the moment the wait ended: then the slot is passed on.
            if turn.done() and not turn.cancelled():
                self._leave(visitor.place)
            self._turns.drop(visitor, turn)
            if isinstance(error, TimeoutError):
                raise Busy from error
            raise

    def _leave(self, place: str) -> None:
        self._at_work[place] -= 1
        if not self._at_work[place]:
            del self._at_work[place]
        while self.at_work < self.limit:
            next_turn = self._turns.take(
                {candidate for candidate, count in self._at_work.items() if count >= self.share}
            )
            if next_turn is None:
                return
            place, turn = next_turn
            if not turn.done():
                self._at_work[place] += 1
                turn.set_result(None)


# Lanes that a view may declare with its access (accounts/access.py).
PAGE: Final = "page"
# For password hashing, which takes 100 MB and a full core for a moment.
HASHING: Final = "hashing"
# Waits for an outside server (Stripe, a bucket), mostly without a database connection.
OUTSIDE: Final = "outside"
# For /readyz.
PROBE: Final = "probe"


def sizes() -> dict[str, int]:
    """Limit of each lane. All but `OUTSIDE` together use the connections that requests may take from the pool."""
    available = pool_size() - database_threads()
    hashing = max(1, available // 4)
    return {PAGE: max(1, available - hashing), HASHING: hashing, OUTSIDE: max(2, available // 2), PROBE: 1}


@cache
def lanes() -> dict[str, Lane]:
    """The lanes of this process, which has one event loop."""
    return {name: Lane(limit, settings.ADMISSION_SECONDS) for name, limit in sizes().items()}
