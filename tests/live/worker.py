"""One worker process, as `make run` starts it."""

import os
import signal
import subprocess
from pathlib import Path

from embedded import programs
from tests.live.web import ROOT


class Worker:
    """What it logs goes to the file `log`."""

    def __init__(self, log: Path, *, settings: str = "config.settings") -> None:
        self.log, self._settings = log, settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns at once: jobs wait for it."""
        command = next(program.command for program in programs.application(0) if program.name == "worker")
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": self._settings}
        with self.log.open("ab") as stream:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream)

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
