"""The child processes of `make run` and their environment."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from embedded import processes
from embedded.files import secret
from embedded.ports import LOOPBACK
from embedded.processes import Steps
from embedded.state import ROOT, State

MODEL_KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "RUCHE_LOCAL_MODEL_URL")
MANAGE = str(ROOT / "manage.py")


@dataclass(frozen=True)
class Program:
    """A child process. `steps`: the signals that stop it; `shown`: lines to show in the terminal (None: all)."""

    name: str
    command: Sequence[str]
    steps: Steps = processes.POLITE
    shown: re.Pattern[str] | None = None
    # The run goes on if it does not start.
    optional: bool = False
    # It exits by itself and is not restarted.
    once: bool = False


def prepare() -> Program:
    return Program("setup", [sys.executable, MANAGE, "prepare"])


def model(port: int) -> Program:
    return Program(
        "model",
        [sys.executable, "-m", "embedded.model_server", "--port", str(port)],
        steps=((signal.SIGTERM, 0.5), (signal.SIGKILL, 0.5)),
        shown=re.compile(r"\bE\b|error|Traceback|Error:", re.IGNORECASE),
        optional=True,
    )


def application(port: int) -> list[Program]:
    """The three processes of Ruche."""
    # uvicorn would trust X-Forwarded-For from any local client, and rate limits count by address. Behind a proxy
    # (BEHIND_PROXY) Django and allauth read that header themselves.
    serve = ["--no-proxy-headers"]
    serve += ["--host", "127.0.0.1", "--port", str(port), "--no-access-log", "--timeout-graceful-shutdown", "3"]
    return [
        Program("web", [sys.executable, "-m", "uvicorn", "config.asgi:application", *serve]),
        Program("worker", [sys.executable, MANAGE, "rqworker", "default", "--with-scheduler", "-v0"]),
        Program("cron", [sys.executable, MANAGE, "rqcron", "config/cron.py"]),
    ]


def is_set(name: str) -> bool:
    """Whether an environment variable is set and not empty."""
    return bool(os.environ.get(name))


def environment(state: State, port: int) -> dict[str, str]:
    """Environment of every child, without the URLs of the servers that are started."""
    values = {key: value for key, value in os.environ.items() if not key.startswith("MAKE")}
    values |= {
        "RUCHE_EMBEDDED": "1",
        "RUCHE_STATE_DIR": str(state.directory),
        "RUCHE_BASE_URL": os.environ.get("RUCHE_BASE_URL") or f"http://localhost:{port}",
        "SECRET_KEY": os.environ.get("SECRET_KEY") or secret(state.directory / "secret_key"),
        "PYTHONUNBUFFERED": "1",
    }
    return values | {name: _no_proxy(os.environ.get(name, "")) for name in ("no_proxy", "NO_PROXY")}


def _no_proxy(configured: str) -> str:
    """Value of no_proxy: a configured proxy cannot reach this machine's loopback."""
    return ",".join(part for part in (configured, LOOPBACK, "localhost") if part)
