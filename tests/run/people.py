"""A run of Ruche as a person sees it: a process, what it prints, and what is alive because of it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
GIVEN = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "RUCHE_BASE_URL", "RUCHE_EMBEDDED")
KEYS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_API_KEY", "RUCHE_LOCAL_MODEL_URL")
STRIPE = ("STRIPE_SECRET_KEY", "STRIPE_API_BASE", "STRIPE_WEBHOOK_SECRET")


class Started:
    def __init__(self, command: list[str], state: Path, **environment: str) -> None:
        clean = {key: value for key, value in os.environ.items() if key not in (*GIVEN, *KEYS, *STRIPE)}
        self.command, self.state = command, state
        self.output = state.parent / f"output-{time.monotonic_ns()}.txt"
        self.seen: set[psutil.Process] = set()
        with self.output.open("wb") as stream:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=clean | {"RUCHE_STATE_DIR": str(state)} | environment,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_for(self, words: str, patience: float = 60) -> None:
        until = time.monotonic() + patience
        while words not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < until, self.text()
            time.sleep(0.05)
        self.look()

    def look(self) -> None:
        """Remember everything that lives below it now."""
        top = psutil.Process(self.process.pid)
        self.seen |= {top, *top.children(recursive=True)}

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def ended(self, patience: float = 15) -> int:
        return self.process.wait(patience)

    def left(self, patience: float = 0) -> list[str]:
        """What still lives of all that was seen."""
        until = time.monotonic() + patience
        while (alive := [process for process in self.seen if _alive(process)]) and time.monotonic() < until:
            time.sleep(0.1)
        return list(map(_command_of, alive))

    def end(self) -> None:
        """After a test: nothing may stay, whatever the test did."""
        for process in [*self.seen, psutil.Process(self.process.pid)] if self.process.poll() is None else self.seen:
            # It may end between the look and the kill.
            with contextlib.suppress(psutil.NoSuchProcess):
                if _alive(process):
                    process.kill()
        self.process.wait(10)


def stand_in(state: Path, port: int, **environment: str) -> Started:
    return Started([sys.executable, "-m", "tests.run.stand_in", "--port", str(port)], state, **environment)


def ruche(state: Path, port: int, **environment: str) -> Started:
    return Started([sys.executable, "-m", "embedded", "--port", str(port)], state, **environment)


def _command_of(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return str(process)


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
