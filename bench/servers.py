"""PostgreSQL and Redis of the benchmarks, durable as in production, with a database that is dropped at the end."""

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg

from embedded import postgres, redis

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".ruche" / "bench"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


@contextmanager
def environment() -> Iterator[None]:
    """Start the servers that DATABASE_URL, DATABASE_OWNER_URL, DATABASE_ADMIN_URL and REDIS_URL do not give."""
    name = f"ruche_bench_{os.getpid()}"
    with ExitStack() as stack:
        if "DATABASE_URL" not in os.environ:
            database = postgres.start(STATE / "postgres", dies_with_us=True)
            stack.callback(database.stop)
            os.environ["DATABASE_URL"], os.environ["DATABASE_OWNER_URL"] = database.app_url, database.owner_url
            os.environ["DATABASE_ADMIN_URL"] = database.admin_url
        if "REDIS_URL" not in os.environ:
            store = redis.start(STATE / "redis", dies_with_us=True)
            stack.callback(store.stop)
            os.environ["REDIS_URL"] = store.url
        for key in ("DATABASE_URL", "DATABASE_OWNER_URL"):
            os.environ[key] = _with_database(os.environ[key], name)
        files = tempfile.mkdtemp(prefix="ruche-bench-")
        stack.callback(shutil.rmtree, files, ignore_errors=True)
        _settings(files)
        stack.enter_context(_database(name))
        yield


def _settings(files: str) -> None:
    os.environ.update(
        DJANGO_SETTINGS_MODULE="config.settings",
        SECRET_KEY="a-key-for-measures-only-a-key-for-measures-only-a-key",
        RUCHE_BASE_URL=f"http://localhost:{free_port()}",
        RUCHE_STATE_DIR=files,
        OPENAI_API_KEY="sk-bench-00000000000000000000000",
        OPENAI_BASE_URL=f"http://127.0.0.1:{free_port()}/v1",
        LOG_LEVEL="ERROR",
    )
    for key in ("RUCHE_EMBEDDED", "RUCHE_LOCAL_MODEL_URL", "OPENAI_MODEL", "ANTHROPIC_API_KEY", "DEBUG"):
        os.environ.pop(key, None)


@contextmanager
def _database(name: str) -> Iterator[None]:
    owner = urlsplit(os.environ["DATABASE_OWNER_URL"]).username
    with psycopg.connect(_with_database(os.environ["DATABASE_ADMIN_URL"], "postgres"), autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" OWNER "{owner}"'.encode())
        try:
            yield
        finally:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'.encode())


@contextmanager
def separate_database(suffix: str) -> Iterator[dict[str, str]]:
    """An empty database, and the environment variables of a process that uses it."""
    name = f"ruche_bench_{os.getpid()}_{suffix}"
    with _database(name):
        yield {key: _with_database(os.environ[key], name) for key in ("DATABASE_URL", "DATABASE_OWNER_URL")}


def prepare_database() -> None:
    """Load the baseline and the catalogue, after `django.setup()`."""
    from tenants.first_run import bring_up_to_date, seed_catalogue

    bring_up_to_date()
    seed_catalogue()
