"""The changelog begins with the project's version, and each version has its date, newest first."""

import re
import tomllib
from datetime import date
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
HEADINGS = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
# "1.2.3 (2026-11-29)"
HEADING = re.compile(r"(\d+)\.(\d+)\.(\d+) \((\d{4}-\d{2}-\d{2})\)")


def test_first_version_is_that_of_the_project():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert HEADINGS[0].split()[0] == version


def test_versions_are_dated_and_newest_first():
    matches = [HEADING.fullmatch(heading) for heading in HEADINGS]
    assert all(matches), HEADINGS
    releases = [(tuple(map(int, match.groups()[:3])), date.fromisoformat(match[4])) for match in matches]
    versions, dates = zip(*releases, strict=True)
    assert list(versions) == sorted(set(versions), reverse=True)
    assert list(dates) == sorted(dates, reverse=True)
