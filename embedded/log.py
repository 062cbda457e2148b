"""One log of all processes, with the program's name on each line, in the terminal and in a rotated file."""

from __future__ import annotations

import logging
import re
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

WIDTH = 8
SIZE, BACKUPS = 5_000_000, 3
COLOURS = {
    "web": 36,
    "worker": 35,
    "cron": 34,
    "model": 33,
    "postgres": 32,
    "redis": 31,
    "stripe": 95,
    "setup": 37,
    "ruche": 33,
}
_ESCAPES = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Log:
    def __init__(self, path: Path, terminal: TextIO = sys.stdout) -> None:
        self.path = path
        self._terminal: TextIO | None = terminal
        self._coloured = terminal.isatty()
        self._file = RotatingFileHandler(path, maxBytes=SIZE, backupCount=BACKUPS, encoding="utf-8")
        self._file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    def line(self, name: str, text: str, *, shown: bool = True) -> None:
        """Log one line of a program to the file, and to the terminal if `shown`."""
        plain = f"{name:<{WIDTH}} | {_ESCAPES.sub('', text)}"
        self._file.emit(logging.LogRecord("ruche", logging.INFO, "", 0, "%s", (plain,), None))
        if shown:
            colour = COLOURS.get(name, 37)
            prefix = f"\x1b[{colour}m{name:<{WIDTH}} |\x1b[0m " if self._coloured else f"{name:<{WIDTH}} | "
            self._print(prefix + (text if self._coloured else _ESCAPES.sub("", text)))

    def block(self, text: str) -> None:
        """Print text to the terminal only, unchanged."""
        self._print(text)

    def _print(self, text: str) -> None:
        if self._terminal is None:
            return
        try:
            print(text, file=self._terminal, flush=True)
        except (OSError, ValueError):  # the terminal was closed; the file goes on
            self._terminal = None
