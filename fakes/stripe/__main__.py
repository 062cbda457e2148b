"""`python -m fakes.stripe --port N`: serve until killed or left alone, printing the address once it answers."""

import argparse
import asyncio
import os
import socket
from pathlib import Path

import uvicorn

from fakes.stripe.app import App
from fakes.stripe.resources import webhook_endpoints

OF_THE_START = "--webhook"


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake of Stripe")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--url", default="", help="the address people reach it by, where it is another one")
    parser.add_argument("--state", type=Path, default=None, help="a file that survives restarts")
    parser.add_argument("--webhook", default="", help="deliver events to this address")
    secret = os.environ.get("STRIPE_WEBHOOK_SECRET", "")
    parser.add_argument("--webhook-secret", default=secret, help="whsec_…; else STRIPE_WEBHOOK_SECRET")
    parser.add_argument("--token", default="", help="opens /_fake/ to other machines")
    parser.add_argument("--unchecked", action="store_true", help="do not hold answers against the SDK's classes")
    parser.add_argument("--alone", action="store_true", help="outlive the process that started it")
    options = parser.parse_args()
    # With its protocol named, asyncio sends small answers at once; without, each waits 40 ms for the other side.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.host, options.port))
    listener.listen(1024)
    base = options.url.rstrip("/") or f"http://{options.host}:{listener.getsockname()[1]}"
    app = App(base, state=options.state, token=options.token, checked=not options.unchecked)
    if options.webhook:
        _listen(app, options.webhook, options.webhook_secret)
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, server_header=False)
    # Asked before anybody is told the address: whoever knows it may already be gone.
    parent = os.getppid()
    print(base, flush=True)
    asyncio.run(_serve(uvicorn.Server(config), listener, parent=parent, alone=options.alone))


def _listen(app: App, url: str, secret: str) -> None:
    """One endpoint for this address, also after a restart with another secret; none for that of an earlier start."""
    earlier = app.world.find("webhook_endpoint", description=OF_THE_START)
    for endpoint in {one["id"]: one for one in [*app.world.find("webhook_endpoint", url=url), *earlier]}.values():
        app.world.drop(endpoint)
    webhook_endpoints.make(app.world, url, ["*"], secret)["description"] = OF_THE_START


async def _serve(server: uvicorn.Server, listener: socket.socket, *, parent: int, alone: bool) -> None:
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not serving.done():
        await asyncio.wait({serving}, timeout=1)
        # A test run that was killed must not leave servers behind.
        if not alone and os.getppid() != parent:
            server.should_exit = True
    await serving


if __name__ == "__main__":
    main()
