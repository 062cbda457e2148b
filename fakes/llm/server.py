"""Start the fake provider from a fixture: `start()` gives its addresses, its record of calls and `stop()`."""

import json
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Handle:
    url: str
    process: "subprocess.Popen[str]"

    @property
    def openai_url(self) -> str:
        """For OPENAI_BASE_URL."""
        return f"{self.url}/v1"

    @property
    def anthropic_url(self) -> str:
        """For ANTHROPIC_BASE_URL."""
        return self.url

    def calls(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"{self.url}/_calls", timeout=5) as response:
            return json.load(response)  # type: ignore[no-any-return]

    def forget(self) -> None:
        request = urllib.request.Request(f"{self.url}/_calls", method="DELETE")
        urllib.request.urlopen(request, timeout=5).close()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()


def start(port: int = 0) -> Handle:
    """Its own process, on a free port unless one is given; returns once it listens."""
    command = [sys.executable, "-m", "fakes.llm", "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip() if process.stdout else ""
    if not url:
        process.kill()
        raise RuntimeError(f"the fake provider did not start (exit {process.wait()})")
    return Handle(url, process)
