"""Runs a fake as a process, until it is killed or its parent exits; starts and stops such a process."""

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
    """Parser with the options common to all fakes."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--alone", action="store_true", help="outlive the process that started it")
    return options


def listen(options: argparse.Namespace) -> tuple[socket.socket, str]:
    """A listening socket and its URL."""
    # With the protocol given, asyncio sets TCP_NODELAY; otherwise small responses are delayed by 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.host, options.port))
    listener.listen(1024)
    return listener, f"http://{options.host}:{listener.getsockname()[1]}"


def serve(app: Any, listener: socket.socket, url: str, *, alone: bool) -> None:
    """Print the URL and serve until killed, or until the parent exits unless `alone`."""
    # No log: cut connections raise exceptions on purpose.
    config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, server_header=False)
    # Read before the URL is printed: the parent may exit right after it.
    parent = os.getppid()
    print(url, flush=True)
    asyncio.run(_serve(uvicorn.Server(config), listener, parent=parent, alone=alone))


async def _serve(server: uvicorn.Server, listener: socket.socket, *, parent: int, alone: bool) -> None:
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    while not serving.done():
        await asyncio.wait({serving}, timeout=1)
        # A killed test run must not leave servers behind.
        if not alone and os.getppid() != parent:
            server.should_exit = True
    await serving


def start(module: str, *options: str) -> tuple[str, "subprocess.Popen[str]"]:
    """Start `python -m module`. Returns its URL and the process once it listens.

    Raises `RuntimeError` if it does not start.
    """
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
