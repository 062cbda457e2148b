"""The fake Stripe of a run without a key: purchases can be tried by hand, and no money moves."""

from __future__ import annotations

import re
import signal
import sys
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from embedded import ports
from embedded.files import make_directory, read_json, secret, write_private
from embedded.ports import LOOPBACK
from embedded.programs import MANAGE, Program, is_set
from embedded.state import ROOT, State

NAME = "stripe"
# Has the format of a test key and gives no access.
KEY = "sk_test_000000000000000000000000"
CARD = "4242 4242 4242 4242"
# Also used by the tests; an installation may lack it.
MODULE = "fakes.stripe"
MAIN = ROOT.joinpath(*MODULE.split("."), "__main__.py")
ERROR_LINES = re.compile(r"error|Traceback", re.IGNORECASE)


@dataclass(frozen=True)
class Fake:
    """The fake on a loopback port, the same in each run if possible: links to its pages are stored in the database."""

    state: State
    port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def environment(self) -> dict[str, str]:
        """The variables that make Ruche use the fake."""
        return {
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_API_BASE": self.url,
            "STRIPE_WEBHOOK_SECRET": f"whsec_{secret(self.state.directory / 'stripe' / 'webhook_secret')}",
        }

    def program(self, base_url: str) -> Program:
        """The fake's process. It reads the webhook secret from the environment, which other users cannot read."""
        options = ["--state", self.state.directory / "stripe" / "state.json", "--webhook", webhook_address(base_url)]
        return Program(
            NAME,
            [sys.executable, "-m", MODULE, "--port", str(self.port), *map(str, options)],
            steps=((signal.SIGTERM, 3.0), (signal.SIGKILL, 0.5)),
            shown=ERROR_LINES,
            optional=True,
        )


def create(state: State) -> Fake | None:
    """The fake, or None if a key is set or the fake is not installed."""
    if is_set("STRIPE_SECRET_KEY") or not MAIN.exists():
        return None
    last = make_directory(state.directory / "stripe") / "last.json"
    port = ports.free(read_json(last).get("port"))
    write_private(last, f'{{"port": {port}}}')
    return Fake(state, port)


def push() -> Program:
    """Create the plans and prices in the fake, and subscribe the demonstration. Idempotent."""
    return Program(
        "push",
        [sys.executable, MANAGE, "demo_stripe"],
        shown=re.compile(r"chez Stripe|demonstration:|Error|Traceback"),
        optional=True,
        once=True,
    )


def webhook_address(base_url: str) -> str:
    """The result of `billing.stripe.endpoint.endpoint_url`, without Django (a test compares them)."""
    base = base_url.rstrip("/")
    return f"{base}/stripe/webhook/{uuid5(NAMESPACE_URL, f'{base}/stripe/webhook')}/"
