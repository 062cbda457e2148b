"""The web process and the fake provider of the whole run; workspaces of one test."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from fakes.llm import server as fake
from tests.live import workspaces
from tests.live.web import Web
from tests.live.workspaces import Workspace

Maker = Callable[..., Workspace]


@pytest.fixture(scope="session")
def llm() -> Iterator[fake.Handle]:
    """The provider, where OPENAI_BASE_URL says it is."""
    handle = fake.start(urlsplit(os.environ["OPENAI_BASE_URL"]).port or 0)
    yield handle
    handle.stop()


@pytest.fixture(scope="session")
def live(django_db_setup: None, llm: fake.Handle) -> Iterator[Web]:
    """One web process with a pool of ten connections."""
    log = Path(settings.RUCHE_STATE_DIR) / "live-web.log"
    web = Web(int(settings.BASE_PORT[1:]), log, name="ruche-live-web", settings="tests.live.settings")
    web.start()
    yield web
    web.stop()


@pytest.fixture
def workspace() -> Iterator[Maker]:
    """`workspace("slug", members=3)` makes one; it goes with the test."""
    made: list[Workspace] = []

    def make(slug: str, **options: Any) -> Workspace:
        made.append(workspaces.make(slug, **options))
        return made[-1]

    yield make
    for one in made:
        workspaces.remove(one)


@pytest.fixture(autouse=True)
def show_log_of_failure(request: pytest.FixtureRequest, live: Web) -> Iterator[None]:
    """What the web process said during a test is printed with its failure."""
    start = live.log_size()
    yield
    print(live.logged_since(start)[-20_000:])
