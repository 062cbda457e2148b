"""The world, a Redis of its own, and runs in processes of their own.

The runs without a guard come last (test_switches.py): they leave rows astray.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from embedded import redis
from tests.isolation.interleaving.report import Report

Runs = Callable[[list[list[str]]], list[Report]]
SEED = int(os.environ.get("RUCHE_SEED", "20260"))


@pytest.fixture(scope="package")
def world(people: Any, django_db_blocker: Any) -> Iterator[Any]:
    from tests.isolation.interleaving.world import built

    with django_db_blocker.unblock(), built() as places:
        yield places


@pytest.fixture(autouse=True)
def nobody_stays_in_public(django_db_blocker: Any) -> Iterator[None]:
    """Take away the people whom the runs of a test have made in public; the world's own person stays."""
    from tenants.sql import owner_transaction
    from tests.isolation.interleaving.world import PERSON

    yield
    with django_db_blocker.unblock(), owner_transaction() as owner:
        owner.execute("DELETE FROM public.accounts_user WHERE email LIKE '%%@rows.test' AND id <> %s", [PERSON])


@pytest.fixture(scope="package")
def runs() -> Iterator[Runs]:
    """Run several command lines of the suite, two at a time; each has a cache and a queue of its own."""
    with tempfile.TemporaryDirectory(prefix="ruche-redis-") as folder:
        server = redis.start(Path(folder), dies_with_us=True)

        def one(numbered: tuple[int, list[str]]) -> Report:
            number, line = numbered
            return _process(line, server.url.removesuffix("/0") + f"/{number}")

        def all_of(lines: list[list[str]]) -> list[Report]:
            with ThreadPoolExecutor(2) as two:
                return list(two.map(one, enumerate(lines)))

        yield all_of
        server.stop()


def _process(line: list[str], redis_url: str) -> Report:
    command = [sys.executable, "-m", "tests.isolation.interleaving", *line]
    environment = os.environ | {"REDIS_URL": redis_url, "PGAPPNAME": "ruche-interleaving"}
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-4000:]
    return Report.loads(done.stdout.splitlines()[-1])


def line(run: str, requests: int, seed: int, mode: str, connections: str, switch: str = "") -> list[str]:
    """The command line of one run."""
    values = {"run": run, "requests": requests, "seed": seed, "mode": mode, "connections": connections}
    return [f"--{name}={value}" for name, value in (values | {"switch": switch}).items()]
