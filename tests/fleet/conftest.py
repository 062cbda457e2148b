from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fleet.fleet import Databases, Fleet, fleet
from tests.fleet.warm import Warm


@pytest.fixture(scope="session")
def warm() -> Iterator[Warm]:
    """The process that runs commands of all fleets."""
    made = Warm()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def databases(django_db_setup: None) -> Iterator[Databases]:
    made = Databases()
    yield made
    made.close()


@pytest.fixture
def a_fleet(databases: Databases, warm: Warm, tmp_path: Path) -> Iterator[Callable[..., Fleet]]:
    """`a_fleet(3)` makes a database with three workspaces and a ready schema."""
    with ExitStack() as stack:
        yield lambda workspaces=3, ready=1: stack.enter_context(fleet(databases, warm, tmp_path, workspaces, ready))
