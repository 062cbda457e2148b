"""`python -m fakes.llm --port N`: serve until killed or left alone, printing the address once it answers."""

import argparse
import asyncio
import os
import socket

import uvicorn

from fakes.llm.app import app


def main() -> None:
    parser = argparse.ArgumentParser(description="A fake of OpenAI and Anthropic")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--alone", action="store_true", help="outlive the process that started it")
    options = parser.parse_args()
    # With the protocol named asyncio sends at once (TCP_NODELAY).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.host, options.port))
    listener.listen(1024)
    # A cut connection is an exception on purpose: no log of it.
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, server_header=False)
    # Asked before anybody is told the address: whoever knows it may already be gone.
    parent = os.getppid()
    print(f"http://{options.host}:{listener.getsockname()[1]}", flush=True)
    asyncio.run(_serve(uvicorn.Server(config), listener, parent=parent, alone=options.alone))


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
