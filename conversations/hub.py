"""What the answers of this event loop's tabs say, once each: a tab listens here, never to Redis itself.

An answer that this process makes is published here as it comes. All others that somebody listens to here are read
together, by one blocking read of Redis over all of their logs: a process with a thousand tabs holds one connection
for it. A channel keeps its whole log while somebody listens, so a tab may begin anywhere.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Any

from redis.exceptions import RedisError

from conversations import live
from conversations.leases import owner
from conversations.live import Entry, position_of
from tenants.redis_pools import async_client

log = logging.getLogger(__name__)
# The reader waits so long for news, and then so long for more of it: all that came meanwhile is one read.
WAIT_SECONDS = 5.0
GATHER_SECONDS = 0.03
AWAY_SECONDS = 0.5


class Channel:
    """The log of one answer, as far as this process has it."""

    def __init__(self, name: str, *, made_here: bool) -> None:
        self.name = name
        self.made_here = made_here
        # Made here, and over: nothing more will come.
        self.over = False
        self.entries: list[Entry] = []
        self.listeners: set[Listener] = set()

    @property
    def last(self) -> str:
        return self.entries[-1].id if self.entries else live.START

    def add(self, new: list[Entry]) -> None:
        self.entries += new
        self.wake()

    def wake(self) -> None:
        for listener in self.listeners:
            listener.news.set()


class Listener:
    """One tab on a channel, from an id on."""

    def __init__(self, channel: Channel, after: str) -> None:
        self._channel = channel
        self._after = position_of(after)
        self._next = 0
        self.news = asyncio.Event()

    async def read(self, wait: float) -> list[Entry]:
        """What came since; after so many seconds without a word, or when nothing more will come: nothing."""
        found = self._take()
        if not found and not self._channel.over:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.news.wait(), wait)
            found = self._take()
        return found

    def _take(self) -> list[Entry]:
        self.news.clear()
        entries = self._channel.entries
        found = [entry for entry in entries[self._next :] if entry.position > self._after]
        self._next = len(entries)
        return found

    @property
    def over(self) -> bool:
        """The answer was made here and has ended: all that will ever come is there."""
        return self._channel.over and self._next == len(self._channel.entries)


class Hub:
    """The channels of one event loop."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._reader: asyncio.Task[None] | None = None
        self._waking: asyncio.Task[None] | None = None
        self._more_to_read = False

    def open(self, name: str) -> Channel:
        """The channel of an answer that this process begins to make, by its log's key."""
        channel = self._channels[name] = Channel(name, made_here=True)
        return channel

    def close(self, channel: Channel) -> None:
        """The answer that was made here is over."""
        channel.over = True
        channel.wake()
        self._forget_if_unheard(channel)

    @contextlib.contextmanager
    def listen(self, name: str, after: str) -> Iterator[Listener]:
        """Listen to an answer, by its log's key, from an id on."""
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel(name, made_here=False)
            self._read_also()
        listener = Listener(channel, after)
        channel.listeners.add(listener)
        try:
            yield listener
        finally:
            channel.listeners.discard(listener)
            self._forget_if_unheard(channel)

    def _forget_if_unheard(self, channel: Channel) -> None:
        needed = channel.listeners or (channel.made_here and not channel.over)
        if not needed and self._channels.get(channel.name) is channel:
            del self._channels[channel.name]

    # -- the one reader of what other processes make

    def _remote(self) -> list[Channel]:
        return [channel for channel in self._channels.values() if not channel.made_here]

    def _read_also(self) -> None:
        """Have the reader begin, or look at the channels anew."""
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._read_all())
            return
        self._more_to_read = True
        if self._waking is None or self._waking.done():
            self._waking = asyncio.create_task(self._wake())

    async def _wake(self) -> None:
        """The reader waits for the logs it knew: one word for all that have been added."""
        while self._more_to_read:
            self._more_to_read = False
            await _wake()

    async def _read_all(self) -> None:
        """Until nobody listens to an answer made elsewhere."""
        client, woken = async_client(max_connections=1, answer_seconds=WAIT_SECONDS + 3), "0-0"
        wake = _wake_key()
        while channels := self._remote():
            places: dict[str, str] = {wake: woken, **{channel.name: channel.last for channel in channels}}
            try:
                answer = await client.xread(places, count=500, block=int(WAIT_SECONDS * 1000))
            except RedisError as error:
                log.warning("answers of other processes not read, Redis is away: %s", type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)
                continue
            except Exception:
                log.exception("answers of other processes not read")
                await asyncio.sleep(AWAY_SECONDS)
                continue
            for name, raw in answer or ():
                if name == wake:
                    woken = raw[-1][0]
                elif (found := self._channels.get(name)) and not found.made_here:
                    found.add(live.entries(raw))
            await asyncio.sleep(GATHER_SECONDS)


def _wake_key() -> str:
    # Of this process, in no workspace: the reader reads for all of them.
    return f"ruche:wake:{owner()}:{id(asyncio.get_running_loop())}"


async def _wake() -> None:
    with contextlib.suppress(RedisError):
        async with live.client().pipeline(transaction=False) as pipe:
            pipe.xadd(_wake_key(), {"": ""}, maxlen=1)
            pipe.expire(_wake_key(), 60)
            await pipe.execute()


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}


def hub() -> Hub:
    """The hub of this event loop."""
    loop: Any = asyncio.get_running_loop()
    if loop not in _hubs:
        for closed in [known for known in _hubs if known.is_closed()]:
            del _hubs[closed]
        _hubs[loop] = Hub()
    return _hubs[loop]
