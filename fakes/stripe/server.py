"""Start the fake from a fixture: `start()` gives its address, what tests do to it, and `stop()`."""

import json
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from fakes import process

KEY = "sk_test_000000000000000000000000"


@dataclass(frozen=True, slots=True)
class Handle:
    """`url`: for `stripe.api_base` (settings.STRIPE_API_HOST)."""

    url: str
    process: "subprocess.Popen[str]"

    def ask(self, name: str, **given: Any) -> Any:
        """GET without arguments, POST with: `control.py` says what there is."""
        data = json.dumps(given).encode() if given else None
        return self._open(name, data, "POST" if given else "GET")

    def tell(self, name: str, **given: Any) -> Any:
        return self._open(name, json.dumps(given).encode(), "POST")

    def _open(self, name: str, data: bytes | None, method: str) -> Any:
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_fake/{name}", data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{name}: {error.read().decode()}") from None

    def reset(self) -> None:
        self.tell("reset")

    def advance(self, *, days: float = 0, hours: float = 0, clock: str | None = None) -> int:
        """Time passes, and everything due happens in order; gives the new time in Unix seconds."""
        seconds = int(days * 86400 + hours * 3600)
        return int(self.tell("clock", advance=seconds, clock=clock)["now"])

    def age(self, days: float) -> None:
        """Time passes, and it is now again: what was to come is past."""
        self.tell("age", days=days)

    def listen(self, url: str, events: list[str] | None = None, secret: str = "") -> dict[str, Any]:
        """An endpoint for webhooks, with its `secret`."""
        return dict(self.tell("endpoint", url=url, events=events or ["*"], secret=secret))

    def next_payments(self, *outcomes: str) -> None:
        """How the next attempts to pay end: "ok", "authenticate", "pending", "pending_fail" or a decline code."""
        self.tell("payments", next=list(outcomes))

    def hold(self) -> None:
        """Nothing is delivered until it is taken, delivered by name or released."""
        self.tell("hold")

    def take(self) -> list[dict[str, Any]]:
        """What is held, oldest first, signed now: `type`, `body`, `headers`. It counts as delivered by the test."""
        return list(self.tell("take"))

    def deliveries(self, state: str | None = None) -> list[dict[str, Any]]:
        return list(self._open(f"deliveries?state={state}" if state else "deliveries", None, "GET"))

    def deliver(self, *ids: str, forged: bool = False, age: float = 0) -> list[dict[str, Any]]:
        """Now and in this order; gives the answers (`status`, `body`)."""
        return list(self.tell("deliver", ids=list(ids), forged=forged, age=age))

    def settled(self) -> None:
        """Returns when nothing is left to deliver."""
        self.tell("settled")

    def violations(self) -> list[str]:
        """What it answered or told that the SDK's classes do not know: always empty."""
        return list(self.ask("violations"))

    def stop(self) -> None:
        process.stop(self.process)


def start(port: int = 0, *options: str) -> Handle:
    """Its own process, on a free port unless one is given; returns once it listens."""
    return Handle(*process.start("fakes.stripe", "--port", str(port), *options))
