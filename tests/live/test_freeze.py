"""Strangers cannot stop a web process: a neighbour's page comes, whatever bursts in next door. Pool of three.

The long form, with more at once and everything together: tests/deep/test_freeze.py.
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live import freeze
from tests.live.conftest import Maker
from tests.live.freeze import Rig, Storm

pytestmark = [pytest.mark.committed, pytest.mark.slow]


@pytest.fixture
def rig(workspace: Maker, tmp_path: Path, llm: object) -> Iterator[Rig]:
    with freeze.rig_of((workspace("orage"), workspace("voisin")), tmp_path / "log") as made:
        yield made
        print((tmp_path / "log").read_text(errors="replace")[-6000:])


def test_a_burst_next_door_does_not_stop_a_neighbours_page(rig: Rig) -> None:
    storms: dict[Storm, set[int]] = {
        freeze.not_found: {404},
        freeze.hanging_redis: {404},
    }
    for storm, expected in storms.items():
        quiet, during, found, after = asyncio.run(freeze.weather(rig, storm, answers=4))
        assert set(found) == expected, (storm, found)
        freeze.assert_neighbour_served(quiet, during, after)
