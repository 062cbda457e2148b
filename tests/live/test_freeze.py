"""Strangers cannot stop a web process: a neighbour's page comes, whatever bursts in next door. Pool of three.

The long form, each burst by itself and with more at once: tests/deep/test_freeze.py.
"""

import asyncio
from pathlib import Path

import pytest

from tests.live import freeze
from tests.live.conftest import Maker

pytestmark = [pytest.mark.committed, pytest.mark.slow]


def test_a_burst_next_door_does_not_stop_a_neighbours_page(workspace: Maker, tmp_path: Path, llm: object) -> None:
    log = tmp_path / "log"

    async def storms(rig: freeze.Rig) -> None:
        async with freeze.at_home(rig) as home:
            for storm in (freeze.everything, freeze.hanging_redis):
                quiet, during, found, after = await freeze.weather(rig, home, storm, answers=10, seconds=1.0)
                # All was met: pages that do not exist, forms refused, sign-ins, a page that breaks, files kept.
                assert set(found) == ({200, 302, 403, 404, 500} if storm is freeze.everything else {404}), found
                freeze.assert_neighbour_served(quiet, during, after)

    with freeze.rig_of((workspace("orage"), workspace("voisin")), log, crowd=12) as rig:
        try:
            asyncio.run(storms(rig))
        finally:
            print(log.read_text(errors="replace")[-6000:])
