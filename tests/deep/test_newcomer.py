"""docs/newcomer.md is true: its steps, done in a copy of the code, end in a feature whose tests pass."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.servers import ROOT

PAGE = ROOT / "docs" / "newcomer.md"
MOST_STEPS = 15
BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.M | re.S)
PLACE = re.compile(r"file=(\S+) (at|after|replace)=(.+)")
# Without these the copy starts servers of its own, as a newcomer's does.
SERVERS = ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_ADMIN_URL", "REDIS_URL", "RUCHE_STATE_DIR", "PG_DUMP")


class Block(NamedTuple):
    language: str
    place: str
    text: str


def blocks() -> list[Block]:
    return [Block(*match) for match in BLOCK.findall(PAGE.read_text())]


def copy_of_the_code(folder: Path) -> Path:
    """The files that git follows, as they are on disk."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    folder.mkdir()
    pack = ["tar", "--null", "--files-from=-", "--ignore-failed-read", "-cf", "-"]
    packed = subprocess.run(pack, cwd=ROOT, input=names, capture_output=True, check=False).stdout
    subprocess.run(["tar", "-xf", "-"], cwd=folder, input=packed, check=True)
    return folder


def edit(code: Path, block: Block) -> None:
    """Do what a block says. An anchor that is not there exactly once is an error of the page."""
    match = PLACE.fullmatch(block.place)
    assert match, block.place
    path, how, anchor = code / match[1], match[2], match[3]
    if (how, anchor) == ("at", "start"):
        assert not path.exists(), path
        path.write_text(block.text)
        return
    text = path.read_text()
    if (how, anchor) == ("at", "end"):
        path.write_text(f"{text.rstrip()}\n\n\n{block.text}")
        return
    assert text.count(anchor) == 1, f"{match[1]}: {anchor!r} stands {text.count(anchor)} times"
    if how == "after":
        head, tail = text.split(anchor)
        rest_of_line, _newline, below = tail.partition("\n")
        path.write_text(f"{head}{anchor}{rest_of_line}\n{block.text}{below}")
    else:
        path.write_text(text.replace(anchor, block.text.removesuffix("\n")))


def run(code: Path, command: str) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in SERVERS}
    words = shlex.split(command)
    words[0] = sys.executable if words[0] == "python" else words[0]
    done = subprocess.run(words, cwd=code, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}"


def test_the_page_has_fewer_than_fifteen_steps() -> None:
    steps = re.findall(r"^## (\d+)\. ", PAGE.read_text(), re.M)
    assert steps == [str(number) for number in range(1, len(steps) + 1)] and len(steps) < MOST_STEPS


@pytest.mark.slow
def test_its_steps_end_in_a_feature_that_works(tmp_path: Path) -> None:
    code = copy_of_the_code(tmp_path / "code")
    for block in blocks():
        if block.language == "sh":
            for command in block.text.strip().splitlines():
                run(code, command)
        else:
            edit(code, block)
    # As `make format` and `make lint` do.
    folders = "library config plans tests/library"
    for command in (f"ruff format {folders}", f"ruff check --fix {folders}", "mypy library", "lint-imports"):
        run(code, f"{Path(sys.executable).parent / command.split()[0]} {command.partition(' ')[2]}".strip())
    assert "library_note" in (code / "schema" / "tenant.sql").read_text()
