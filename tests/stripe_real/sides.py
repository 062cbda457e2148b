"""Which Stripe the walks of tests/stripe_fake speak to, and what every call was answered.

RUCHE_STRIPE_SIDE is "fake" or "real" while walks are compared, and empty in ordinary tests.
"""

import json
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import stripe
from stripe._http_client import new_default_http_client

SIDE, RECORDS, KEY, ADDRESS = "RUCHE_STRIPE_SIDE", "RUCHE_STRIPE_RECORDS", "RUCHE_STRIPE_KEY", "RUCHE_STRIPE_ADDRESS"
# By this name a later run finds the clocks that a killed one has left.
CLOCK_NAME = "ruche: walks"
STALE_SECONDS = 3600
# How long Stripe may take to turn a clock.
CLOCK_PATIENCE = 180.0
# What a walk makes and a clock does not take along, with how it is put away. Stripe deletes no price and no tax rate.
PUT_AWAY: dict[str, tuple[str, str, dict[str, Any]]] = {
    "test_helpers.test_clock": ("delete", "/v1/test_helpers/test_clocks/{}", {}),
    "coupon": ("delete", "/v1/coupons/{}", {}),
    "price": ("post", "/v1/prices/{}", {"active": False}),
    "product": ("post", "/v1/products/{}", {"active": False}),
    "tax_rate": ("post", "/v1/tax_rates/{}", {"active": False}),
}
_ID = re.compile(r"/(?:[a-z]+_)+[A-Za-z0-9]{6,}(?=/|$)|(?<=/v1/coupons)/[^/]+")


def side() -> str:
    return os.environ.get(SIDE, "")


class RealAccount:
    """Stands where a test has the fake's handle. What is done to the fake itself cannot be done to Stripe."""

    def __init__(self, url: str) -> None:
        self.url = url

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a walk with the mark `on_stripe` uses {name} of the fake, which Stripe does not have")


class Recorder(stripe.HTTPClient):
    """Hands requests on, and keeps method, path, status and body of what was answered."""

    def __init__(self, client: stripe.HTTPClient) -> None:
        self.client, self.name = client, client.name
        self.calls: list[dict[str, Any]] = []
        # A dictionary for its order: what is changed later is put away once.
        self.made: dict[tuple[str, str], None] = {}
        self.paused = False

    def request_with_retries(
        self, method: str, url: str, headers: Any, post_data: Any = None, *given: Any, **named: Any
    ) -> Any:
        body, status, answer_headers = self.client.request_with_retries(
            method, url, headers, post_data, *given, **named
        )
        answer = json.loads(body)
        assert answer.get("livemode") is not True, "the answer is one of a live account"
        if not self.paused:
            path = _ID.sub("/{id}", re.sub(r"^https?://[^/]+|\?.*$", "", url))
            self.calls.append({"method": method, "path": path, "status": status, "body": answer})
            if method == "post" and answer.get("object") in PUT_AWAY:
                self.made[answer["object"], answer["id"]] = None
        return body, status, answer_headers

    def close(self) -> None:
        self.client.close()


@contextmanager
def recording(walk: str) -> Iterator[Recorder]:
    """Every call of a walk, written to a file of its own at the end, also when the walk fails."""
    before = stripe.default_http_client
    recorder = Recorder(before or new_default_http_client())
    stripe.default_http_client = recorder
    try:
        yield recorder
    finally:
        stripe.default_http_client = before
        name = re.sub(r"\W+", "_", walk)
        text = json.dumps({"walk": walk, "calls": recorder.calls})
        Path(os.environ[RECORDS], f"{name}.json").write_text(text)


@contextmanager
def put_away(recorder: Recorder) -> Iterator[None]:
    """What the walk made in the account is deleted, or archived where Stripe deletes nothing; clocks with customers."""
    try:
        yield
    finally:
        recorder.paused = True
        left = [line for kind, id_ in reversed(recorder.made) if (line := _put_away(kind, id_))]
        assert not left, f"left in the test account: {'; '.join(left)}"


def _put_away(kind: str, id_: str) -> str:
    method, path, given = PUT_AWAY[kind]
    client = stripe.StripeClient(str(stripe.api_key), base_addresses={"api": stripe.api_base})
    try:
        client.raw_request(method, path.format(id_), **given)
    except stripe.InvalidRequestError as error:
        # What the walk deleted itself is gone.
        return "" if error.code == "resource_missing" else f"{kind} {id_}: {error}"
    except stripe.StripeError as error:
        return f"{kind} {id_}: {error}"
    return ""


def sweep() -> int:
    """Delete the clocks that a killed run has left; how many."""
    old = [
        clock.id
        for clock in stripe.test_helpers.TestClock.list(limit=100).auto_paging_iter()
        if clock.name == CLOCK_NAME and clock.created < time.time() - STALE_SECONDS
    ]
    for id_ in old:
        stripe.test_helpers.TestClock.delete(id_)
    return len(old)


def wait_for(clock: str) -> None:
    """Until Stripe has turned a clock: minutes at times. Not part of what is compared."""
    recorder = stripe.default_http_client
    assert isinstance(recorder, Recorder)
    recorder.paused = True
    until, pause = time.monotonic() + CLOCK_PATIENCE, 0.25
    try:
        while (status := stripe.test_helpers.TestClock.retrieve(clock).status) == "advancing":
            assert time.monotonic() < until, f"the clock {clock} is still advancing"
            time.sleep(pause)
            pause = min(pause * 2, 4.0)
        assert status == "ready", f"the clock {clock} is {status}"
    finally:
        recorder.paused = False
