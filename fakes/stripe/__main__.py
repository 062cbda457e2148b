"""`python -m fakes.stripe --port N`: serve until killed or left alone, printing the address once it answers."""

import os
from pathlib import Path

from fakes import process
from fakes.stripe.app import App
from fakes.stripe.resources import webhook_endpoints

OF_THE_START = "--webhook"


def main() -> None:
    parser = process.parser("A fake of Stripe")
    parser.add_argument("--url", default="", help="the address people reach it by, where it is another one")
    parser.add_argument("--state", type=Path, default=None, help="a file that survives restarts")
    parser.add_argument("--webhook", default="", help="deliver events to this address")
    secret = os.environ.get("STRIPE_WEBHOOK_SECRET", "")
    parser.add_argument("--webhook-secret", default=secret, help="whsec_…; else STRIPE_WEBHOOK_SECRET")
    parser.add_argument("--token", default="", help="opens /_fake/ to other machines")
    parser.add_argument("--unchecked", action="store_true", help="do not hold answers against the SDK's classes")
    options = parser.parse_args()
    listener, url = process.listen(options)
    base = options.url.rstrip("/") or url
    app = App(base, state=options.state, token=options.token, checked=not options.unchecked)
    if options.webhook:
        _listen(app, options.webhook, options.webhook_secret)
    process.serve(app, listener, base, alone=options.alone)


def _listen(app: App, url: str, secret: str) -> None:
    """One endpoint for this address, also after a restart with another secret; none for that of an earlier start."""
    earlier = app.world.find("webhook_endpoint", description=OF_THE_START)
    for endpoint in {entry["id"]: entry for entry in [*app.world.find("webhook_endpoint", url=url), *earlier]}.values():
        app.world.drop(endpoint)
    webhook_endpoints.make(app.world, url, ["*"], secret)["description"] = OF_THE_START


if __name__ == "__main__":
    main()
