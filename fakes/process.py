"""A fake as a process of its own: served until it is killed or left alone, started and stopped by whoever tests."""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import uvicorn

ROOT = Path(__file__).resolve().parents[1]


def parser(description: str) -> argparse.ArgumentParser:
    """The options that each fake has."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--port", type=int, default=0, help="0 takes a free one")
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--alone", action="store_true", help="outlive the process that started it")
    return made


def listen(options: argparse.Namespace) -> tuple[socket.socket, str]:
    """A socket that takes connections, and its address."""
    # With its protocol named, asyncio sends small answers at once; without, each waits 40 ms for the other side.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.host, options.port))
    listener.listen(1024)
    return listener, f"http://{options.host}:{listener.getsockname()[1]}"


def serve(app: Any, listener: socket.socket, url: str, *, alone: bool) -> None:
    """Print the address, and answer at it until killed, or left by the process that started it."""
    # A cut connection is an exception on purpose: no log of it.
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, server_header=False)
    # Asked before anybody is told the address: whoever knows it may already be gone.
    parent = os.getppid()
    print(url, flush=True)
    asyncio.run(_serve(uvicorn.Server(config), listener, parent=parent, alone=alone))


async def _serve(server: uvicorn.Server, listener: socket.socket, *, parent: int, alone: bool) -> None:
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not serving.done():
        await asyncio.wait({serving}, timeout=1)
        # A test run that was killed must not leave servers behind.
        if not alone and os.getppid() != parent:
            server.should_exit = True
    await serving


def start(module: str, *options: str) -> tuple[str, "subprocess.Popen[str]"]:
    """`python -m module` as a process; returns its address and itself once it listens."""
    command = [sys.executable, "-m", module, *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip() if process.stdout else ""
    if not url:
        process.kill()
        raise RuntimeError(f"{module} did not start (exit {process.wait()})")
    return url, process


def stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
