"""Supervisor of child processes: restarts them, reads their output, stops them. One thread reads the output."""

from __future__ import annotations

import os
import selectors
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from embedded import processes
from embedded.errors import StartError
from embedded.log import Log
from embedded.processes import Identity
from embedded.programs import Program
from embedded.state import ROOT, State

RESTARTS, WINDOW = 5, 60.0
MIN_PAUSE, MAX_PAUSE = 0.5, 8.0
TICK = 0.2


@dataclass
class Child:
    program: Program
    popen: subprocess.Popen[bytes]
    identity: Identity | None
    starts: deque[float] = field(default_factory=deque)
    due: float | None = None

    def running(self) -> bool:
        return self.popen.poll() is None


class Supervisor:
    def __init__(self, state: State, log: Log, environment: dict[str, str]) -> None:
        self.state, self.log, self.environment = state, log, environment
        self.children: dict[str, Child] = {}
        self._outputs = selectors.DefaultSelector()

    def start(self, program: Program) -> Child:
        """Start or restart a program."""
        reader, writer = os.pipe()
        try:
            popen = processes.spawn(
                program.command,
                environment=self.environment,
                directory=ROOT,
                output=writer,
                dies_with_us=program.steps[0][0],
            )
        finally:
            os.close(writer)
        os.set_blocking(reader, False)
        self._outputs.register(reader, selectors.EVENT_READ, Lines(program, self.log))
        identity = Identity.of(popen.pid)
        if identity:
            self.state.record(program.name, identity)
        previous = self.children.get(program.name)
        child = Child(program, popen, identity, previous.starts if previous else deque())
        self.children[program.name] = child
        return child

    def run(self, program: Program, stopping: Callable[[], bool]) -> int | None:
        """Run a program to its end and return its exit status, or None if a stop was requested first."""
        child = self.start(program)
        while child.running():
            if stopping():
                return None
            self.pump()
        self.pump(0)
        self._remove(child)
        return child.popen.returncode

    def pump(self, patience: float = TICK) -> None:
        """Log the children's output, waiting up to `patience` seconds for some."""
        if not self._outputs.get_map():
            time.sleep(patience)
        for key, _ in self._outputs.select(patience):
            if not key.data.read(key.fd):
                self._outputs.unregister(key.fd)
                os.close(key.fd)

    def revive(self) -> None:
        """Restart children that have exited, after a pause."""
        for child in list(self.children.values()):
            if child.due is not None and time.monotonic() >= child.due:
                self.start(child.program)
            elif child.due is None and not child.running():
                conclude = self._finish if child.program.once else self._schedule
                conclude(child)

    def _finish(self, child: Child) -> None:
        self._remove(child)
        if child.popen.returncode:
            status = _status(child.popen.returncode)
            self.log.line("ruche", f"{child.program.name} {status}: going on all the same (see {self.log.path})")

    def _schedule(self, child: Child) -> None:
        name, status = child.program.name, _status(child.popen.returncode)
        if child.identity:
            processes.stop(child.identity)  # its descendants
        now = time.monotonic()
        while child.starts and now - child.starts[0] > WINDOW:
            child.starts.popleft()
        if len(child.starts) >= RESTARTS:
            self._give_up(child, status)
            return
        pause = min(MIN_PAUSE * 2 ** len(child.starts), MAX_PAUSE)
        child.starts.append(now)
        child.due = now + pause
        self.log.line("ruche", f"{name} {status}; starting it again in {pause:g} s")

    def _give_up(self, child: Child, status: str) -> None:
        name = child.program.name
        message = f"{name} {status}, {RESTARTS + 1} times in a minute"
        if not child.program.optional:
            raise StartError(f"{message}: everything is stopped; its last words are above and in {self.log.path}")
        self._remove(child)
        self.log.line("ruche", f"{message}: going on without it (see {self.log.path})")

    def _remove(self, child: Child) -> None:
        self.children.pop(child.program.name, None)
        self.state.forget(child.program.name)

    def stop(self, names: Iterable[str], hurried: Callable[[], bool]) -> None:
        """Stop children in parallel, and read their output meanwhile so that none blocks on a full pipe."""
        leaving = [child for name in names if (child := self.children.get(name))]
        together(
            [lambda child=child: _end(child) for child in leaving],  # type: ignore[misc]
            meanwhile=lambda: self._while_ending(leaving, hurried),
        )
        for child in leaving:
            self._remove(child)
        self.pump(0)

    def _while_ending(self, leaving: list[Child], hurried: Callable[[], bool]) -> None:
        self.pump(0.05)
        if hurried():
            for child in leaving:
                if child.running():
                    child.popen.kill()


class Lines:
    """Splits the output of a child into lines."""

    def __init__(self, program: Program, log: Log) -> None:
        self._program, self._log, self._incomplete = program, log, b""

    def read(self, descriptor: int) -> bool:
        """Log the complete lines; False at the end of the output."""
        try:
            data = os.read(descriptor, 65536)
        except BlockingIOError:
            return True
        *lines, self._incomplete = (self._incomplete + data).split(b"\n")
        if not data and self._incomplete:
            lines, self._incomplete = [self._incomplete], b""
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            shown = self._program.shown
            self._log.line(self._program.name, text, shown=shown is None or bool(shown.search(text)))
        return bool(data)


class Follower:
    """Logs what a server appends to its own log file."""

    def __init__(self, program: Program, path: Path, log: Log) -> None:
        self._lines = Lines(program, log)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o600)
        os.lseek(self._descriptor, 0, os.SEEK_END)

    def pump(self) -> None:
        # Reads until the present end of the file.
        while self._lines.read(self._descriptor):
            pass


def together(tasks: list[Callable[[], object]], meanwhile: Callable[[], None]) -> None:
    """Run tasks in parallel threads, calling `meanwhile` until all are done."""
    threads = [threading.Thread(target=task, daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        meanwhile()


def _end(child: Child) -> None:
    if child.identity:
        processes.stop(child.identity, child.program.steps, child.popen)


def _status(code: int | None) -> str:
    return f"was killed by signal {-code}" if code and code < 0 else f"ended with status {code}"
