"""Nobody reads or writes next door: sync and async, with the pool and without."""

import os
from collections import Counter

import pytest

from tests.isolation.interleaving import ledger
from tests.isolation.interleaving.conftest import SEED, line

# Without the pool: one connection a thread, reused (sync), and one a request (async, where a request is a thread).
# A request costs twice as much in async as in sync.
SHARES = {
    ("async", "pool", ""): 0.13,
    ("sync", "pool", ""): 0.41,
    ("sync", "kept", ""): 0.3,
    ("async", "fresh", ""): 0.03,
    ("sync", "kept", "older_server"): 0.1,
    ("async", "pool", "older_server"): 0.03,
}
REQUESTS = int(os.environ.get("RUCHE_REQUESTS", "20000"))
SHOWN = 20


@pytest.mark.committed
def test_twenty_thousand_requests_over_fifty_workspaces(world, runs):
    before = ledger.census(world)
    reports = runs(
        [
            line("-".join(filter(None, kind)), round(REQUESTS * share), SEED + place, *kind)
            for place, (kind, share) in enumerate(SHARES.items())
        ]
    )
    for report in reports:
        print(report, *report.wrong[:SHOWN], *report.failed[:SHOWN], sep="\n  ")
    for report in reports:
        _check(report, world)
    assert ledger.strangers(world) == []
    assert ledger.counted_up(world) == sum((_counters(report) for report in reports), Counter())
    assert ledger.census(world) == before


def _check(report, world) -> None:
    assert report.answered == report.asked
    assert (report.wrong[:SHOWN], report.failed[:SHOWN]) == ([], []), report
    found, astray = ledger.written(report.run, world)
    assert astray == []
    assert found == report.written - _counters(report), report


def _counters(report) -> Counter:
    return Counter({key: many for key, many in report.written.items() if key.endswith(" counter")})
