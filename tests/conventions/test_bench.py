"""What judges the measures. The measures themselves are never asserted here: `make bench-check` does that."""

import json
import re
from pathlib import Path

import pytest

from bench import figures, scratch, wire
from bench.check import BOUNDS, check, violations

PROMISED = json.loads(BOUNDS.read_text())
README = (BOUNDS.parent / "README.md").read_text()


def test_what_is_within_its_bounds_passes():
    bounds = {"a.ratio": {"at_least": 20}, "a.failed": {"at_most": 0}, "a.both": {"at_least": 1, "at_most": 2}}
    assert violations({"a": {"ratio": 20, "failed": 0, "both": 1.5}}, bounds) == []


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        ({"a": {"ratio": 19.9}}, "a.ratio: 19.9 (at least 20)"),
        ({"a": {}}, "a.ratio: not measured"),
        ({}, "a.ratio: not measured"),
        ({"a": 3}, "a.ratio: not measured"),
    ],
)
def test_what_is_out_of_bounds_or_was_not_measured_is_named(measured, said):
    assert violations(measured, {"a.ratio": {"at_least": 20}}) == [said]


def test_a_figure_above_its_bound_is_named():
    assert violations({"a": {"failed": 1}}, {"a.failed": {"at_most": 0}}) == ["a.failed: 1 (at most 0)"]


def test_nothing_measured_yet_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert check(tmp_path / "latest.json") == 1
    assert "make bench" in capsys.readouterr().out


def _measured(change: float = 0) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {}
    for name, bound in PROMISED.items():
        part, _dot, key = name.partition(".")
        found.setdefault(part, {})[key] = bound.get("at_least", bound.get("at_most", 0)) + change
    return found


@pytest.mark.parametrize(("change", "status", "verdict"), [(0, 0, "all within bounds"), (0.001, 1, "failed")])
def test_the_status_tells_the_verdict(tmp_path, capsys, change, status, verdict):
    latest = tmp_path / "latest.json"
    latest.write_text(json.dumps(_measured(change)))
    assert check(latest) == status
    assert verdict in capsys.readouterr().out


def test_the_bounds_are_those_that_were_promised():
    assert PROMISED["provisioning.schema_pool_vs_stock"] == {"at_least": 300}
    assert PROMISED["provisioning.schema_replay_vs_stock"] == {"at_least": 20}
    assert PROMISED["fleet.addfield_vs_stock"] == {"at_least": 100}
    assert PROMISED["request.cpu_vs_plain"] == {"at_most": 1.35}
    for name in ("request.extra_queries", "streams.failed", "quota.overshoot"):
        assert PROMISED[name] == {"at_most": 0}


def test_every_bound_is_explained():
    for name in PROMISED:
        assert name.split(".")[1] in README or f"`{name.split('.')[0]}`" in README, name


def test_a_spread_is_median_least_and_most():
    assert figures.spread([3.0, 1.0, 2.04]) == {"median": 2.0, "min": 1.0, "max": 3.0, "n": 3}


@pytest.mark.parametrize(("percent", "value"), [(50, 3.0), (95, 4.0), (0, 1.0)])
def test_a_percentile_is_one_of_the_values(percent, value):
    assert figures.percentile([4.0, 1.0, 3.0, 2.0], percent) == value


def test_a_block_that_fails_is_not_timed():
    took: list[float] = []
    with pytest.raises(ZeroDivisionError):
        figures.timed(lambda: 1 / 0, took)
    assert took == []


def test_the_table_shows_each_figure_once():
    part = {"ratio": 2.0, "failed": 0, "spread": {"ratio": {"median": 2.0, "min": 1.0, "max": 3.0, "n": 7}}}
    lines = figures.table({"part": part}).splitlines()
    assert [line.split() for line in lines] == [
        [],
        ["part", "median", "least", "most", "times"],
        ["failed", "0"],
        ["ratio", "2.0", "1.0", "3.0", "7"],
    ]


def test_a_trace_tells_what_was_sent_to_be_run():
    at = "2026-11-21 06:56:29.249467"
    trace = "\n".join(
        [
            f'{at}\tF\t34\tQuery\t "SET search_path = "a", public"',
            f'{at}\tB\t8\tCommandComplete\t "SET"',
            f'{at}\tF\t46\tParse\t "_pg3_0" "select $1',
            ', 2" 1 21',
            f'{at}\tF\t9\tExecute\t "_pg3_0" 0',
            f"{at}\tF\t4\tSync",
        ]
    )
    assert wire.statements(trace) == ['SET search_path = "a", public', '_pg3_0" 0']


def test_the_trace_is_that_of_the_driver(tmp_path):
    """The form of a trace is libpq's own affair: a change of it would count no query at all."""
    from django.db import connection

    with (tmp_path / "trace").open("wb") as file, connection.cursor() as cursor:
        cursor.connection.pgconn.trace(file.fileno())
        cursor.execute("SELECT %s", [1])
        cursor.connection.pgconn.untrace()
    assert "SELECT 1" in wire.statements((tmp_path / "trace").read_text())


def test_scratch_migrations_follow_each_other():
    with scratch.copied_migrations() as found:
        directory = Path(found["PYTHONPATH"].split(":")[0]) / scratch.PACKAGE
        last = max(path.stem for path in directory.glob("[0-9]*.py"))
        first = scratch.add("addfield", directory)
        second = scratch.add("addindex", directory)
        assert (int(first[:4]), int(second[:4])) == (int(last[:4]) + 1, int(last[:4]) + 2)
        assert f'("library", "{first}")' in (directory / f"{second}.py").read_text()
        assert re.search(r"AddIndex\(", (directory / f"{second}.py").read_text())
    assert not directory.exists()
