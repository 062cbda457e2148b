"""Starts the fake from a fixture; the handle has its URL, the control interface for tests, and `stop()`."""

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

    def get(self, name: str, **arguments: Any) -> Any:
        """Call the control interface (`control.py`): GET without arguments, POST with arguments."""
        data = json.dumps(arguments).encode() if arguments else None
        return self._open(name, data, "POST" if arguments else "GET")

    def post(self, name: str, **arguments: Any) -> Any:
        return self._open(name, json.dumps(arguments).encode(), "POST")

    def _open(self, name: str, data: bytes | None, method: str) -> Any:
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(f"{self.url}/_fake/{name}", data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{name}: {error.read().decode()}") from None

    def reset(self) -> None:
        self.post("reset")

    def advance(self, *, days: float = 0, hours: float = 0, clock: str | None = None) -> int:
        """Advance the time; due events happen in order. Returns the new time in Unix seconds."""
        seconds = int(days * 86400 + hours * 3600)
        return int(self.post("clock", advance=seconds, clock=clock)["now"])

    def age(self, days: float) -> None:
        """Advance the time, then move all objects back by as much: future events are past, and it is now."""
        self.post("age", days=days)

    def listen(self, url: str, events: list[str] | None = None, secret: str = "") -> dict[str, Any]:
        """Create a webhook endpoint. Returns it with its `secret`."""
        return dict(self.post("endpoint", url=url, events=events or ["*"], secret=secret))

    def next_payments(self, *outcomes: str) -> None:
        """Outcomes of the next payment attempts: "ok", "authenticate", "pending", "pending_fail" or a decline code."""
        self.post("payments", next=list(outcomes))

    def hold(self) -> None:
        """Hold deliveries until they are taken, delivered by id or released."""
        self.post("hold")

    def take(self) -> list[dict[str, Any]]:
        """Take the held deliveries, oldest first, signed now: `type`, `body`, `headers`. The test delivers them."""
        return list(self.post("take"))

    def deliveries(self, state: str | None = None) -> list[dict[str, Any]]:
        return list(self._open(f"deliveries?state={state}" if state else "deliveries", None, "GET"))

    def deliver(self, *ids: str, forged: bool = False, age: float = 0) -> list[dict[str, Any]]:
        """Deliver now, in this order. Returns the responses (`status`, `body`)."""
        return list(self.post("deliver", ids=list(ids), forged=forged, age=age))

    def settled(self) -> None:
        """Wait until no delivery is queued."""
        self.post("settled")

    def violations(self) -> list[str]:
        """Responses and events that do not fit the SDK's classes; empty unless the fake has a bug."""
        return list(self.get("violations"))

    def stop(self) -> None:
        process.stop(self.process)


def start(port: int = 0, *options: str) -> Handle:
    """Start the fake as a process, on a free port by default. Returns once it listens."""
    return Handle(*process.start("fakes.stripe", "--port", str(port), *options))
