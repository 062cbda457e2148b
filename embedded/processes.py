"""Starts and stops processes with all their descendants, and recognises them in a later run."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from embedded.files import read_json, write_private
from embedded.system_user import SystemUser

Output = int | IO[Any] | None
Steps = Sequence[tuple[signal.Signals, float]]

POLITE: Steps = ((signal.SIGTERM, 5.0), (signal.SIGKILL, 0.5))
STALE: Steps = ((signal.SIGTERM, 2.0), (signal.SIGKILL, 1.0))

# Start times have the precision of a clock tick, and the clock may have been adjusted since.
START_TOLERANCE = 2.0

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True)
class Identity:
    """A process, distinguished from a later one with the same pid by its start time."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    @classmethod
    def read(cls, path: Path) -> Identity | None:
        """The process recorded in a file, alive or not, or None."""
        record = read_json(path)
        try:
            return cls(int(record["pid"]), float(record["started"]))
        except (KeyError, TypeError, ValueError):
            return None

    def write(self, path: Path, **more: Any) -> None:
        write_private(path, json.dumps({"pid": self.pid, "started": self.started, **more}))

    def alive(self) -> bool:
        try:
            process = psutil.Process(self.pid)
            is_same = bool(abs(process.create_time() - self.started) < START_TOLERANCE)
            return is_same and bool(process.status() != psutil.STATUS_ZOMBIE)
        except psutil.Error:
            return False


def spawn(
    command: Sequence[object],
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    output: Output = None,
    user: SystemUser | None = None,
    dies_with_us: signal.Signals | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in its own session: Ctrl-C in the terminal reaches only this process, which stops the child."""
    user_arguments: dict[str, Any] = {"user": user.uid, "group": user.gid, "extra_groups": []} if user else {}
    return subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if output is None else output,
        stderr=subprocess.STDOUT,
        env=environment,
        cwd=directory,
        start_new_session=True,
        preexec_fn=_tie_to_parent(dies_with_us) if dies_with_us else None,
        **user_arguments,
    )


def tie_to_parent(first: signal.Signals) -> None:
    """Have the kernel send this signal to this process when its parent dies (Linux only)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(first), 0, 0, 0)


def _tie_to_parent(first: signal.Signals) -> Callable[[], None]:
    parent = os.getpid()

    def run_in_child() -> None:
        tie_to_parent(first)
        if os.getppid() != parent:  # the parent died between the fork and the call above
            os._exit(1)

    return run_in_child


def stop(leader: Identity, steps: Steps = POLITE, popen: subprocess.Popen[bytes] | None = None) -> bool:
    """Stop a process and its descendants with each signal of `steps` in turn. True if none is left."""
    family = _family(leader)
    for first, patience in steps:
        family = _alive(family | _family(leader))
        for member in _recipients(leader, family, first):
            with contextlib.suppress(psutil.Error):
                member.send_signal(first)
        family = _wait(family, patience, popen)
        if not family and not _family(leader):
            return True
    return False


def family_alive(leader: Identity) -> bool:
    """Whether the process or one of its descendants is alive."""
    return bool(_family(leader))


def _recipients(leader: Identity, family: set[psutil.Process], first: signal.Signals) -> set[psutil.Process]:
    """The leader alone, which stops its descendants; all of them if it is gone, or for SIGKILL."""
    if first == signal.SIGKILL:
        return family
    return {member for member in family if member.pid == leader.pid} or family


def _wait(family: set[psutil.Process], patience: float, popen: subprocess.Popen[bytes] | None) -> set[psutil.Process]:
    until = time.monotonic() + patience
    while family and time.monotonic() < until:
        time.sleep(0.02)
        if popen is not None:
            popen.poll()
        family = _alive(family)
    return family


def _alive(family: set[psutil.Process]) -> set[psutil.Process]:
    return {member for member in family if _is_alive(member)}


def _is_alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _family(leader: Identity) -> set[psutil.Process]:
    """The leader, its descendants, and orphans in its session."""
    family: set[psutil.Process] = set()
    if leader.alive():
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(leader.pid)
            family = {process, *process.children(recursive=True)}
    elif psutil.pid_exists(leader.pid) and not _is_zombie(leader.pid):
        return set()  # the pid now belongs to another process, so the session is not ours either
    return family | {process for process in psutil.process_iter() if _in_session(process, leader)}


def _is_zombie(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _in_session(process: psutil.Process, leader: Identity) -> bool:
    try:
        if os.getsid(process.pid) != leader.pid:
            return False
        return bool(process.create_time() > leader.started - START_TOLERANCE) and _is_alive(process)
    except (OSError, psutil.Error):
        return False
