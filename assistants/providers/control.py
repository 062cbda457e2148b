"""Control of a running stream from outside: stop it, and read its usage so far."""

import asyncio
from typing import Protocol

from assistants.providers.types import Usage

# A stopped answer is read on for this time, without being shown, for the provider's own count.
DRAIN_SECONDS = 1.5


class UsageSource(Protocol):
    """An object with the usage of a call so far."""

    def usage(self) -> Usage: ...


class StreamControl:
    """Passed to `Provider.stream`. After `stop`, called in the same event loop, the stream ends with Finished."""

    def __init__(self) -> None:
        self.stopped = False
        self._limit: asyncio.Timeout | None = None
        self._usage_source: UsageSource | None = None
        self._ends_at = 0.0

    def stop(self) -> None:
        """Show no more text; read on for DRAIN_SECONDS. A second call does nothing."""
        if self.stopped:
            return
        self.stopped = True
        self._ends_at = asyncio.get_running_loop().time() + DRAIN_SECONDS
        self._shorten()

    def usage(self) -> Usage | None:
        """Usage of the call so far; None until the provider has accepted it. For a cancelled reader."""
        return self._usage_source.usage() if self._usage_source is not None else None

    def count_with(self, source: UsageSource) -> None:
        """Set the source of the usage, once the provider has accepted the call."""
        self._usage_source = source

    def wait_within(self, limit: asyncio.Timeout) -> None:
        """Set the timeout of the current wait, which a stop shortens."""
        self._limit = limit
        if self.stopped:
            self._shorten()

    def clear_wait(self) -> None:
        self._limit = None

    def _shorten(self) -> None:
        limit = self._limit
        if limit is None or limit.expired():
            return
        when = limit.when()
        limit.reschedule(self._ends_at if when is None else min(when, self._ends_at))
