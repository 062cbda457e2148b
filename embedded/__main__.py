"""`python -m embedded [--port 8000 | --stop]`, which `make run` and `make clean` call."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time

import psutil

from embedded.errors import StartError
from embedded.log import Log
from embedded.processes import tie_to_parent
from embedded.run import Run
from embedded.signals import Signals
from embedded.state import State, stop_tests

STOP_PATIENCE = 15.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m embedded", description="Run Ruche on this machine.")
    parser.add_argument("--port", type=_port, default=8000, help="where the web answers (8000)")
    parser.add_argument("--stop", action="store_true", help="stop the run of this state directory, or what it left")
    options = parser.parse_args()
    signals = Signals()
    signals.install()
    _follow_make()
    try:
        return _stop() if options.stop else _run(options.port, signals)
    except StartError as error:
        print(f"ruche: {error}", file=sys.stderr)
        return error.exit_code
    except PermissionError as error:
        print(f"ruche: {error.filename} belongs to another user: run as that user, or remove it", file=sys.stderr)
        return 1


def _run(port: int, signals: Signals) -> int:
    state = State.from_environment()
    state.claim(f"http://localhost:{port}/")
    try:
        Run(state, Log(state.log_file), port, signals).main()
    finally:
        state.release()
    return 0


def _stop() -> int:
    state = State.from_environment()
    other = state.running()
    if other:
        os.kill(other.pid, signal.SIGTERM)
        until = time.monotonic() + STOP_PATIENCE
        while other.alive() and time.monotonic() < until:
            time.sleep(0.1)
    state.claim("")
    state.recover()
    stop_tests(state)
    state.release()
    return 0


def _port(text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return port


def _follow_make() -> None:
    """Stop with `make` if make is the parent; with any other parent go on without it."""
    try:
        parent = psutil.Process(os.getppid()).name()
    except psutil.Error:
        return
    if parent in {"make", "gmake"}:
        tie_to_parent(signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
