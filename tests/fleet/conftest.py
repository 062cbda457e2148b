from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fleet.fleet import Fleet, fleet


@pytest.fixture
def a_fleet(tmp_path: Path) -> Iterator[Callable[..., Fleet]]:
    """`a_fleet(3)` makes a database with three workspaces and a ready schema."""
    with ExitStack() as stack:
        yield lambda workspaces=3, ready=1: stack.enter_context(fleet(tmp_path, workspaces, ready))
