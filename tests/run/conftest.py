from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from embedded import ports
from tests.run.people import Started, stand_in


class Starter(Protocol):
    def __call__(self, started: Started) -> Started: ...


@pytest.fixture
def state() -> Iterator[Path]:
    """Not pytest's own temporary directory: it is closed to the user that PostgreSQL runs as under root."""
    with tempfile.TemporaryDirectory(prefix="ruche-run-") as directory:
        Path(directory).chmod(0o711)
        yield Path(directory) / "state"


@pytest.fixture
def port() -> int:
    return ports.free()


@pytest.fixture
def keep() -> Iterator[Starter]:
    """Ends at the end of the test what the test started."""
    all_started: list[Started] = []

    def kept(started: Started) -> Started:
        all_started.append(started)
        return started

    yield kept
    for started in all_started:
        started.end()


@pytest.fixture
def running(state: Path, port: int, keep: Starter) -> Started:
    started = keep(stand_in(state, port))
    started.wait_for("Ruche is ready")
    started.wait_for("horse")
    return started
