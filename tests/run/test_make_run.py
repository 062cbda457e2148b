"""The whole of it, once: the supervisor, the servers, the model, the preparation, Ruche."""

from __future__ import annotations

import http.client
import json
import signal
from pathlib import Path

import psutil
import pytest

from config.embedded.wheels import is_installed
from tests.run.cast import ruche
from tests.run.conftest import Starter

pytestmark = pytest.mark.slow


def get(port: int, path: str, host: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": f"{host}:{port}"})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


def test_from_nothing_to_ready_and_back(state: Path, port: int, keep: Starter) -> None:
    # Without the model's wheels a key that is never used stands in for a provider of one's own.
    environment = {} if is_installed("xllamacpp") else {"OPENAI_API_KEY": "unused"}
    started = keep(ruche(state, port, **environment))
    started.wait_for("Ruche is ready", 120)

    assert get(port, "/healthz", "localhost")[0] == 200
    status, body = get(port, "/readyz", "localhost")
    assert status == 200, json.loads(body)
    assert get(port, "/accounts/login/", "demo.localhost")[0] == 200
    assert get(port, "/", "nobody.localhost")[0] == 404

    started.signal(signal.SIGINT)
    assert started.ended() == 0
    assert started.left() == []

    again = keep(ruche(state, port, **environment))
    again.wait_for("Ruche is ready", 30)
    again.signal(signal.SIGTERM)
    again.ended()
    assert again.left() == []
    mentions = [process.pid for process in psutil.process_iter() if str(state) in " ".join(_command(process))]
    assert mentions == []


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []
