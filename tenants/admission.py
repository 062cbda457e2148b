"""How many requests may be at work at a time, and in what turn the others wait.

The bounds lie below the connection pool, so that a request at work never waits for a connection. Those that wait are
taken in turns: by workspace, and inside one by the address they come from. So a burst from one place delays that
place, and a neighbour waits for the end of one request, not of a queue. Not counted: static files, `/healthz`, and a
response once it is being sent (a stream of events, a download).
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

# Waiting requests hold their bodies in memory: at most so many in a process, and from one address in one workspace.
MOST_WAITING: Final = 512
MOST_WAITING_OF_ONE: Final = 128


class Busy(Exception):
    """Raised where a request has waited long enough, or too many wait already: answer 503."""


@dataclass(frozen=True)
class Visitor:
    """Whose turn a request takes. `place`: a workspace, "public" or "unknown"; `address`: where it comes from."""

    place: str
    address: str


class Turns:
    """What waits, by place and address; the next one is taken from the place and address served longest ago."""

    def __init__(self) -> None:
        self._places: OrderedDict[str, OrderedDict[str, deque[asyncio.Future[None]]]] = OrderedDict()
        self._held: Counter[Visitor] = Counter()
        self.waiting = 0

    def of(self, visitor: Visitor) -> int:
        """How many wait of one visitor."""
        return self._held[visitor]

    def add(self, visitor: Visitor, turn: asyncio.Future[None]) -> None:
        addresses = self._places.setdefault(visitor.place, OrderedDict())
        addresses.setdefault(visitor.address, deque()).append(turn)
        self._held[visitor] += 1
        self.waiting += 1

    def take(self, full: set[str]) -> tuple[str, asyncio.Future[None]] | None:
        """The next turn, of a place that is not in `full`. None where there is none."""
        place = next((known for known in self._places if known not in full), None)
        if place is None:
            return None
        addresses = self._places[place]
        address, turns = next(iter(addresses.items()))
        turn = turns.popleft()
        self._forget(Visitor(place, address))
        # Whoever was served goes to the end, or away where nothing of theirs is left.
        addresses.move_to_end(address)
        self._places.move_to_end(place)
        self._prune(place, address)
        return place, turn

    def drop(self, visitor: Visitor, turn: asyncio.Future[None]) -> None:
        """Somebody waits no longer."""
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
    """`most` requests at work, `share` of them of one place, the others waiting for `seconds`. For one event loop."""

    def __init__(self, most: int, seconds: float) -> None:
        self.most = most
        # One place never has them all, where there is more than one to have.
        self.share = max(1, most - max(1, most // 4))
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
        """Be at work. Raises `Busy` instead where there is no turn within the lane's seconds."""
        await self._enter(visitor)
        try:
            yield
        finally:
            self._leave(visitor.place)

    async def _enter(self, visitor: Visitor) -> None:
        if self.at_work < self.most and self._at_work[visitor.place] < self.share and not self._turns.of(visitor):
            self._at_work[visitor.place] += 1
            return
        if self.waiting >= MOST_WAITING or self._turns.of(visitor) >= MOST_WAITING_OF_ONE:
            raise Busy
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns.add(visitor, turn)
        try:
            async with asyncio.timeout(self._seconds):
                await turn
        except BaseException as error:
            # The turn may have come in the same moment as the end of the wait: then it goes to the next.
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
        while self.at_work < self.most:
            taken = self._turns.take({known for known, count in self._at_work.items() if count >= self.share})
            if taken is None:
                return
            place, turn = taken
            if not turn.done():
                self._at_work[place] += 1
                turn.set_result(None)


# What a view may ask for in its declaration of access (accounts/access.py).
PAGE: Final = "page"
# Passwords are hashed: 100 MB and both cores for a moment each.
HASHING: Final = "hashing"
# Waits for somebody else's server (Stripe, a bucket), mostly without a connection.
OUTSIDE: Final = "outside"
# /readyz
PROBE: Final = "probe"


def sizes() -> dict[str, int]:
    """How many requests each lane lets work at a time; all but those of `OUTSIDE` add up to what the pool serves."""
    left = pool_size() - database_threads()
    hashing = max(1, left // 4)
    return {PAGE: max(1, left - hashing), HASHING: hashing, OUTSIDE: max(2, left // 2), PROBE: 1}


@cache
def lanes() -> dict[str, Lane]:
    """The lanes of this process, which has one loop."""
    return {name: Lane(most, settings.ADMISSION_SECONDS) for name, most in sizes().items()}
