"""One web process, as `make run` starts it: it can be killed and started again."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
POOL = 10


class Web:
    """`name` is what its connections are called in pg_stat_activity; what it logs goes to the file `log`."""

    def __init__(
        self,
        port: int,
        log: Path,
        *,
        name: str = "ruche-web",
        settings: str = "config.settings",
        application: str = "config.asgi:application",
        **environment: str,
    ) -> None:
        self.port, self.log, self.name, self._application = port, log, name, application
        ours = {"DB_POOL_MAX": str(POOL), "PGAPPNAME": name, "DJANGO_SETTINGS_MODULE": settings}
        self._environment = ours | environment
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    def start(self) -> None:
        """Returns once it answers."""
        command = [sys.executable, "-m", "uvicorn", self._application, "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--no-access-log", "--timeout-graceful-shutdown", "3"]
        with self.log.open("ab") as stream:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | self._environment, stdout=stream, stderr=stream
            )
        until = time.monotonic() + PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the web process did not start:\n{self.logged()[-4000:]}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/healthz")
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return bool(response.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def kill(self) -> None:
        """As the kernel does when memory runs out: nothing is said, nothing is saved."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def logged(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def logged_since(self, size: int) -> str:
        return self.log.read_bytes()[size:].decode(errors="replace")
