"""Webhook deliveries: signed like Stripe's, delivered in order unless a test changes it, retried on failure."""

import asyncio
import hashlib
import hmac
import http.client
import json
import time
import urllib.error
import urllib.request
from fnmatch import fnmatchcase
from typing import Any

from fakes.stripe.world import Object, World, token

TIMEOUT = 30
MAX_STORED = 4000
# States of a delivery.
STATES = ("held", "queued", "delivered", "failed", "dropped", "taken")
Delivery = dict[str, Any]


class Deliveries:
    """One entry for each event and endpoint; `hold` keeps new ones until they are sent, taken or released."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.all: list[Delivery] = []
        self.hold = False
        self._wake = asyncio.Event()

    def add(self, event: Object, *, endpoint: Object | None = None) -> list[Delivery]:
        wanted = (
            [endpoint]
            if endpoint
            else [listener for listener in self.world.all("webhook_endpoint") if listens(listener, event)]
        )
        new_deliveries = [
            {
                "id": f"del_{token(12)}",
                "event": event["id"],
                "type": event["type"],
                "endpoint": listener["id"],
                "url": listener["url"],
                "state": "held" if self.hold else "queued",
                "attempts": [],
                "due": time.time(),
            }
            for listener in wanted
        ]
        event["pending_webhooks"] += len(new_deliveries)
        self.all += new_deliveries
        if len(self.all) > MAX_STORED:
            self.all = [
                listener for listener in self.all[: -MAX_STORED // 2] if listener["state"] in ("held", "queued")
            ] + self.all[-MAX_STORED // 2 :]
        self._wake.set()
        return new_deliveries

    def find(self, id_: str) -> Delivery | None:
        return next((delivery for delivery in self.all if delivery["id"] == id_), None)

    def release(self, ids: list[str] | None = None) -> None:
        for delivery in self.all:
            if delivery["state"] == "held" and (ids is None or delivery["id"] in ids):
                self.queue(delivery)

    def queue(self, delivery: Delivery, seconds: float = 0) -> None:
        """Queue a delivery to be sent in `seconds`."""
        delivery |= {"state": "queued", "due": time.time() + seconds}
        self._wake.set()

    def prepared(self, delivery: Delivery, *, forged: bool = False, age: float = 0) -> tuple[str, dict[str, str]]:
        """Body and headers. `forged`: signed with another secret; `age`: signed so many seconds ago."""
        event = self.world.objects[delivery["event"]]
        body = json.dumps(event, indent=2, ensure_ascii=False)
        secret = self.world.keep(delivery["endpoint"]).get("secret", "")
        header = signature(body, f"whsec_{token(32)}" if forged else secret, int(time.time() - age))
        return body, {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": header,
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }

    async def send(self, delivery: Delivery, *, forged: bool = False, age: float = 0) -> dict[str, Any]:
        """Make one attempt in any state. Returns `{at, status, body}`; status 0 means no answer."""
        body, headers = self.prepared(delivery, forged=forged, age=age)
        status, answer = await asyncio.to_thread(post, delivery["url"], body, headers)
        attempt = {"at": time.time(), "status": status, "body": answer[:2000], "forged": forged}
        delivery["attempts"].append(attempt)
        if not forged:
            self._conclude(delivery, 200 <= status < 300)
        return attempt

    def _conclude(self, delivery: Delivery, ok: bool) -> None:
        if ok:
            if delivery["state"] != "delivered" and (event := self.world.objects.get(delivery["event"])):
                event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
            delivery["state"] = "delivered"
            return
        delays = self.world.settings["delivery_delays"]
        tried = sum(not entry["forged"] for entry in delivery["attempts"])
        delivery["state"] = "queued" if tried <= len(delays) else "failed"
        delivery["due"] = time.time() + (delays[tried - 1] if tried <= len(delays) else 0)

    async def work(self) -> None:
        """Send due deliveries, first in first out, until cancelled."""
        while True:
            due = [delivery for delivery in self.all if delivery["state"] == "queued"]
            now = time.time()
            ready = next((delivery for delivery in due if delivery["due"] <= now), None)
            if ready:
                await self.send(ready)
                continue
            self._wake.clear()
            wait = min((delivery["due"] for delivery in due), default=now + 3600) - now
            try:
                await asyncio.wait_for(self._wake.wait(), max(0.01, wait))
            except TimeoutError:
                continue

    @property
    def pending(self) -> int:
        return sum(delivery["state"] == "queued" for delivery in self.all)


def listens(endpoint: Object, event: Object) -> bool:
    named = any(fnmatchcase(event["type"], pattern) for pattern in endpoint["enabled_events"])
    return endpoint["status"] == "enabled" and named


def signature(body: str, secret: str, timestamp: int) -> str:
    """The value of `Stripe-Signature`."""
    signed = hmac.new(secret.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={signed}"


def post(url: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
    request = urllib.request.Request(url, data=body.encode(), headers=headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return response.status, response.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        return 0, str(error)
