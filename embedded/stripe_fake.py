"""A fake in Stripe's place, where no key is given: buying can be tried by hand, and no money moves."""

from __future__ import annotations

import re
import signal
import sys
from dataclasses import dataclass
from uuid import NAMESPACE_URL, uuid5

from embedded import ports
from embedded.files import make_directory, read_json, secret, write_private
from embedded.ports import LOOPBACK
from embedded.programs import MANAGE, Program, given
from embedded.state import ROOT, State

NAME = "stripe"
# It has the form of a test key and opens nothing.
KEY = "sk_test_000000000000000000000000"
CARD = "4242 4242 4242 4242"
# The fake serves the tests too, and an installation may come without them.
MODULE = "fakes.stripe"
MAIN = ROOT.joinpath(*MODULE.split("."), "__main__.py")
TROUBLE = re.compile(r"error|Traceback", re.IGNORECASE)


@dataclass(frozen=True)
class Fake:
    """`port` of the loopback, the same in each run where it can be: links to its pages are kept in the database."""

    state: State
    port: int

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def environment(self) -> dict[str, str]:
        """What has Ruche speak to it."""
        return {
            "STRIPE_SECRET_KEY": KEY,
            "STRIPE_API_BASE": self.url,
            "STRIPE_WEBHOOK_SECRET": f"whsec_{secret(self.state.directory / 'stripe' / 'webhook_secret')}",
        }

    def program(self, base_url: str) -> Program:
        """The webhooks' secret it takes from the environment, where other users of this machine do not read it."""
        options = ["--state", self.state.directory / "stripe" / "state.json", "--webhook", webhook_address(base_url)]
        return Program(
            NAME,
            [sys.executable, "-m", MODULE, "--port", str(self.port), *map(str, options)],
            steps=((signal.SIGTERM, 3.0), (signal.SIGKILL, 0.5)),
            shown=TROUBLE,
            optional=True,
        )


def made(state: State) -> Fake | None:
    """None where a key is given, or where the fake is not here."""
    if given("STRIPE_SECRET_KEY") or not MAIN.exists():
        return None
    last = make_directory(state.directory / "stripe") / "last.json"
    port = ports.free(read_json(last).get("port"))
    write_private(last, f'{{"port": {port}}}')
    return Fake(state, port)


def push() -> Program:
    """Makes the plans and prices known to the fake, and has the demonstration subscribe; does nothing a second time."""
    return Program(
        "push",
        [sys.executable, MANAGE, "demo_stripe"],
        shown=re.compile(r"chez Stripe|demonstration:|Error|Traceback"),
        optional=True,
        once=True,
    )


def webhook_address(base_url: str) -> str:
    """What `billing.stripe.endpoint.endpoint_url` says, which needs Django (a test holds them together)."""
    base = base_url.rstrip("/")
    return f"{base}/stripe/webhook/{uuid5(NAMESPACE_URL, f'{base}/stripe/webhook')}/"
