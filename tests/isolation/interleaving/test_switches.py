"""The same suite with a guard taken away fails: it would see a leak."""

import pytest

from tests.isolation.interleaving import ledger
from tests.isolation.interleaving.conftest import SEED, line

REQUESTS = 400
# Guard, how requests are served, connections, and an act that must be among those that leak.
TAKEN_AWAY = [
    ("limit_set_calls", "sync", "kept", "commit_that_is_a_rollback_here"),
    ("limit_set_calls", "async", "pool", "savepoints"),
    ("only_at_djangos_cursors", "sync", "kept", "raw_cursor"),
    ("only_at_djangos_cursors", "sync", "pool", "closed_in_mid_request"),
    ("one_context_for_all", "sync", "pool", "read"),
    ("context_of_the_thread", "async", "pool", "async_read"),
    ("one_key_for_all", "sync", "pool", "cached"),
]


@pytest.mark.committed
def test_without_a_guard_the_suite_sees_leaks(world, runs):
    lines = [
        line(f"{switch}-{mode}-{connections}", REQUESTS, SEED, mode, connections, switch)
        for switch, mode, connections, _act in TAKEN_AWAY
    ]
    unseen = []
    for (switch, mode, connections, act), report in zip(TAKEN_AWAY, runs(lines), strict=True):
        _found, astray = ledger.written(report.run, world)
        print(report, f"{len(astray)} kinds of rows astray", report.acts(), sep="\n  ")
        if not any(wrong.startswith(f"{act} read ") for wrong in report.wrong):
            unseen.append(f"{switch}, {mode}, {connections}: {act} not among {report.acts()}")
    assert unseen == []
