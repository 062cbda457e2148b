"""No file is longer than one subject (300 lines of Python), no line of a template wider than 200 characters."""

import subprocess
from collections import Counter
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
MOST_LINES = 300
MOST_CHARACTERS = 200
# Checks, stand-ins and measures are not the product.
ASIDE = ("tests", "fakes", "bench")
# By file: why it is longer. Data tables may be; a file that is being split says so until it is.
LONGER: dict[str, str] = {}


def tracked(*patterns: str) -> list[str]:
    """The paths that git follows and that are there, from the root."""
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


def python_files() -> list[str]:
    """The product's Python, migrations left out."""
    names = [name for name in tracked("*.py") if name.split("/")[0] not in ASIDE]
    return [name for name in names if "migrations" not in name.split("/")]


def lines_of(name: str) -> int:
    return len((ROOT / name).read_text().splitlines())


def test_no_python_file_is_longer_than_one_subject():
    names = python_files()
    assert len(names) > 200
    long = {name: lines for name in names if (lines := lines_of(name)) > MOST_LINES and name not in LONGER}
    assert not long, f"split by subject: {long}"


def test_each_exception_is_still_one():
    assert all(reason for reason in LONGER.values())
    gone = [name for name in LONGER if not (ROOT / name).exists() or lines_of(name) <= MOST_LINES]
    assert not gone, f"no longer needed: {gone}"


def test_no_template_line_is_wider_than_200_characters():
    names = tracked("templates")
    assert len(names) > 100
    wide = [
        f"{name}:{number}"
        for name in names
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1)
        if len(line) > MOST_CHARACTERS
    ]
    assert not wide, f"an attribute, a child or a sentence on a line of its own: {wide}"


def test_no_app_holds_more_than_a_fifth_of_the_code():
    lines: Counter[str] = Counter()
    for name in python_files():
        lines[name.split("/")[0]] += lines_of(name)
    assert lines.total() > 30_000
    assert {app: count for app, count in lines.items() if count > lines.total() / 5} == {}
