"""Start the fake provider from a fixture: `start()` gives its addresses, its record of calls and `stop()`."""

import json
import subprocess
import urllib.request
from dataclasses import dataclass
from typing import Any

from fakes import process


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
        process.stop(self.process)


def start(port: int = 0) -> Handle:
    """Its own process, on a free port unless one is given; returns once it listens."""
    return Handle(*process.start("fakes.llm", "--port", str(port)))
