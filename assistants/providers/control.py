"""The hold that whoever reads an answer has on it from outside: stop it, and learn what it took."""

import asyncio
from typing import Protocol

from assistants.providers.types import Usage

# How long a stopped answer is read on, nothing shown, for the provider's own count of it.
READ_ON_SECONDS = 1.5


class Counted(Protocol):
    """What knows what a call has taken so far."""

    def usage(self) -> Usage: ...


class StreamControl:
    """Given to `Provider.stream`. `stop` from the same event loop: the stream then ends by itself, with Finished."""

    def __init__(self) -> None:
        self.stopped = False
        self._limit: asyncio.Timeout | None = None
        self._counted: Counted | None = None
        self._ends_at = 0.0

    def stop(self) -> None:
        """Show nothing more; read on for a bounded moment. A second call changes nothing."""
        if self.stopped:
            return
        self.stopped = True
        self._ends_at = asyncio.get_running_loop().time() + READ_ON_SECONDS
        self._shorten()

    def usage(self) -> Usage | None:
        """What the call has taken so far; None while the provider has accepted nothing. For a reader cut off."""
        return self._counted.usage() if self._counted is not None else None

    def count_with(self, counted: Counted) -> None:
        """The call was accepted."""
        self._counted = counted

    def wait_within(self, limit: asyncio.Timeout) -> None:
        """What the stream waits for now; a stop shortens it."""
        self._limit = limit
        if self.stopped:
            self._shorten()

    def waits_no_more(self) -> None:
        self._limit = None

    def _shorten(self) -> None:
        limit = self._limit
        if limit is None or limit.expired():
            return
        when = limit.when()
        limit.reschedule(self._ends_at if when is None else min(when, self._ends_at))
