"""Each burst by itself, with few and many answers under way and pools of three and ten; and without bounds.

RUCHE_DEEP=short: the worst pool, and ten answers.
"""

import asyncio
import os
from pathlib import Path

import httpx2
import pytest

from tests.live import freeze
from tests.live.conftest import Maker
from tests.live.freeze import Storm

pytestmark = [pytest.mark.committed, pytest.mark.slow]
SHORT = os.environ.get("RUCHE_DEEP") == "short"
POOLS = (3,) if SHORT else (3, 10)
ANSWERS = (10,) if SHORT else (4, 10, 25)
SECONDS = 1.5 if SHORT else 5.0
# What strangers and members are answered; 503 is a refusal in time, with a time to come again.
STORMS: dict[Storm, set[int]] = {
    freeze.not_found: {404},
    freeze.broken: {500},
    freeze.refused: {403},
    freeze.sign_ins: {200, 429, 503},
    freeze.uploads: {302, 403},
    freeze.everything: {200, 302, 403, 404, 429, 500, 503},
    freeze.hanging_provider: {302},
    freeze.hanging_redis: {404},
}


@pytest.mark.parametrize("answers", ANSWERS)
@pytest.mark.parametrize("pool", POOLS)
def test_no_burst_stops_a_neighbours_page(
    workspace: Maker, tmp_path: Path, llm: object, pool: int, answers: int
) -> None:
    async def storms(rig: freeze.Rig) -> None:
        async with freeze.at_home(rig) as home:
            for storm, expected in STORMS.items():
                quiet, during, found, after = await freeze.weather(rig, home, storm, answers=answers, seconds=SECONDS)
                assert found and set(found) <= expected, (storm.__name__, found)
                freeze.assert_neighbour_served(quiet, during, after)

    with freeze.rig_of((workspace("orage"), workspace("voisin")), tmp_path / "log", pool=pool) as rig:
        asyncio.run(storms(rig))


def test_the_same_burst_stops_a_process_without_bounds(workspace: Maker, tmp_path: Path, llm: object) -> None:
    """So the test above sees the fault."""

    async def storm(rig: freeze.Rig) -> None:
        async with freeze.at_home(rig) as home, asyncio.timeout(60):
            quiet, during, _found, after = await freeze.weather(rig, home, freeze.everything, answers=10, seconds=1.5)
        freeze.assert_neighbour_served(quiet, during, after)

    places, unbounded = (workspace("orage"), workspace("voisin")), "tests.live.unbounded:application"
    with (
        freeze.rig_of(places, tmp_path / "log", application=unbounded) as rig,
        pytest.raises((AssertionError, TimeoutError, OSError, httpx2.HTTPError)) as seen,
    ):
        asyncio.run(storm(rig))
    print(f"without bounds: {seen.type.__name__} {str(seen.value)[:500]}")
