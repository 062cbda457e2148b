"""Ctrl-C, SIGTERM and SIGHUP: the first asks us to stop in order, the second to hurry."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class StopRequestedError(Exception):
    """Raised only where we wait for something that does not look at the flag."""


class Signals:
    def __init__(self) -> None:
        self._count = 0
        self._raising = False

    def install(self) -> None:
        # A shell that starts us in the background has Ctrl-C ignored; a kill -INT is meant all the same.
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
        """Let a signal break off what is done here."""
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
