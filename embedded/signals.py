"""Handling of SIGINT, SIGTERM and SIGHUP: the first one requests a stop, the second one a fast stop."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class StopRequestedError(Exception):
    """Raised by a signal only inside `interrupting`, where the code does not check the flag."""


class Signals:
    def __init__(self) -> None:
        self._count = 0
        self._raising = False

    def install(self) -> None:
        # A shell ignores SIGINT in background processes; `kill -INT` must still work.
        signal.signal(signal.SIGINT, self._handle)
        signal.signal(signal.SIGTERM, self._handle)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup asks to outlive the terminal
            signal.signal(signal.SIGHUP, self._handle)

    def stopping(self) -> bool:
        return self._count > 0

    def hurried(self) -> bool:
        return self._count > 1

    @contextlib.contextmanager
    def interrupting(self) -> Iterator[None]:
        """Let a signal interrupt the block with `StopRequestedError`."""
        if self._count:
            raise StopRequestedError
        self._raising = True
        try:
            yield
        finally:
            self._raising = False

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self._count += 1
        if self._raising:
            self._raising = False
            raise StopRequestedError
