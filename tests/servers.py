"""Loaded by pytest before Django's settings: real servers, and an environment that points to them.

What the environment gives already (DATABASE_URL and DATABASE_ADMIN_URL, REDIS_URL) is used as it is.
"""

import os
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from embedded import postgres, redis

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / ".ruche" / "test"
DATABASE = f"ruche_test_{os.getpid()}"
# A developer's own, which would change what is tested.
NOT_FOR_TESTS = ("RUCHE_EMBEDDED", "RUCHE_LOCAL_MODEL_URL", "OPENAI_MODEL", "ANTHROPIC_MODEL", "DEBUG")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_database(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def prepare_environment() -> None:
    if "DATABASE_URL" not in os.environ:
        server = postgres.start(STATE / "postgres", fsync=False, dies_with_us=True)
        os.environ["DATABASE_URL"], os.environ["DATABASE_OWNER_URL"] = server.app_url, server.owner_url
        os.environ["DATABASE_ADMIN_URL"] = server.admin_url
        os.environ["PG_DUMP"] = str(postgres.binary("pg_dump"))
    if "REDIS_URL" not in os.environ:
        os.environ["REDIS_URL"] = redis.start(STATE / "redis", dies_with_us=True).url
        # Runs beside each other do not empty each other's cache.
        os.environ["REDIS_URL"] = with_database(os.environ["REDIS_URL"], str(1 + os.getpid() % 13))
    elif worker := os.environ.get("PYTEST_XDIST_WORKER", ""):
        # Nor do the processes of one run.
        first = int(urlsplit(os.environ["REDIS_URL"]).path.strip("/") or 0)
        number = (first + 1 + int(worker.removeprefix("gw"))) % 16
        os.environ["REDIS_URL"] = with_database(os.environ["REDIS_URL"], str(number))
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
        os.environ[name] = with_database(os.environ[name], DATABASE)
    web, llm = free_port(), free_port()
    os.environ.update(
        SECRET_KEY="a-key-for-tests-only-a-key-for-tests-only-a-key-for-tests",
        RUCHE_BASE_URL=f"http://localhost:{web}",
        RUCHE_CONTENT_BASE_URL=f"http://*.content.localhost:{web}",
        RUCHE_STATE_DIR=tempfile.mkdtemp(prefix="ruche-test-"),
        OPENAI_API_KEY="sk-test-000000000000000000000000",
        OPENAI_BASE_URL=f"http://127.0.0.1:{llm}/v1",
        ANTHROPIC_API_KEY="sk-ant-test-00000000000000000000",
        ANTHROPIC_BASE_URL=f"http://127.0.0.1:{llm}",
        LOG_LEVEL="WARNING",
    )
    for name in (*NOT_FOR_TESTS, *(name for name in os.environ if name.startswith("STRIPE_"))):
        os.environ.pop(name, None)


prepare_environment()
