"""The embedded PostgreSQL: one server per directory, shared by the processes that start it; the last one stops it."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from embedded import pg_data, pg_roles, ports, processes
from embedded.errors import StartError
from embedded.files import (
    Lock,
    locked,
    make_directory,
    open_log,
    read_json,
    write_private,
)
from embedded.pg_install import binary, programs
from embedded.pg_roles import APP, DATABASE, OWNER
from embedded.ports import LOOPBACK
from embedded.processes import Identity, Steps
from embedded.sharing import SharedServer
from embedded.system_user import SystemUser, for_data

__all__ = ["Server", "binary", "start", "stop_stale"]

SUPERUSER = "postgres"
START_PATIENCE = 60.0

# SIGINT is PostgreSQL's fast shutdown, without waiting for clients; SIGQUIT is immediate, with recovery at next start.
STEPS: Steps = ((signal.SIGINT, 3.0), (signal.SIGQUIT, 1.5), (signal.SIGKILL, 1.0))

# A dump of many schemas takes a lock for each table; JIT does not pay off with many small tables.
SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "max_connections": "100",
    "max_locks_per_transaction": "1024",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass
class Server(SharedServer):
    STEPS = STEPS

    directory: Path
    data: Path
    port: int
    identity: Identity
    passwords: dict[str, str]
    popen: subprocess.Popen[bytes] | None
    _use: Lock

    @property
    def owner_url(self) -> str:
        return self._url(OWNER, DATABASE)

    @property
    def app_url(self) -> str:
        return self._url(APP, DATABASE)

    @property
    def admin_url(self) -> str:
        return self._url(SUPERUSER, DATABASE)

    def _url(self, role: str, database: str) -> str:
        return f"postgres://{role}:{self.passwords[role]}@{LOOPBACK}:{self.port}/{database}"


def start(directory: Path, *, fsync: bool = True, dies_with_us: bool = False) -> Server:
    """The running server of this directory, created or restarted if necessary. Its log is server.log there."""
    directory = make_directory(directory).resolve()
    with locked(directory / "lock"):
        user = for_data(directory / "data")
        data = pg_data.locate(directory, user)
        user = for_data(data)
        passwords = _passwords(directory, data)
        if not data.exists():
            pg_data.create(directory, data, user, passwords[SUPERUSER], fsync=fsync, log=directory / "server.log")
        running = pg_data.running(data)
        launch = Launch(directory, data, user, passwords, fsync=fsync, dies_with_us=dies_with_us)
        server = launch.adopt(*running) if running else None
        return server or launch.launch()


def stop_stale(directory: Path) -> bool:
    """Stop the server that a dead run has left on this directory. True if there was one."""
    if not directory.exists():
        return False
    directory = directory.resolve()
    with locked(directory / "lock"):
        data = pg_data.locate(directory, for_data(directory / "data"))
        running = pg_data.running(data)
        if running:
            processes.stop(running[0], STEPS)
    return running is not None


def _passwords(directory: Path, data: Path) -> dict[str, str]:
    path = directory / "passwords.json"
    passwords = read_json(path)
    if not passwords and data.exists():
        raise StartError(f"{path} is gone, and with it the way into {data}: restore it, or delete both to start afresh")
    if not passwords:
        passwords = {role: secrets.token_urlsafe(32) for role in (SUPERUSER, OWNER, APP)}
        write_private(path, json.dumps(passwords))
    return {str(role): str(password) for role, password in passwords.items()}


class Launch:
    """One start of the server of one directory."""

    def __init__(
        self,
        directory: Path,
        data: Path,
        user: SystemUser | None,
        passwords: dict[str, str],
        *,
        fsync: bool,
        dies_with_us: bool,
    ) -> None:
        self.directory, self.data, self.user, self.passwords = directory, data, user, passwords
        self.settings = SETTINGS if fsync else SETTINGS | NOT_DURABLE
        self.dies_with_us = dies_with_us
        self.log = directory / "server.log"

    def adopt(self, identity: Identity, port: int) -> Server | None:
        """The server that is already running, or None if it does not answer and was stopped."""
        try:
            self._ensure_roles(port)
        except psycopg.OperationalError:
            processes.stop(identity, STEPS)
            return None
        return self._server(port, identity, None)

    def launch(self) -> Server:
        pg_data.clear(self.data)
        self._check_version()
        for _ in range(3):
            port = ports.free(_last_port(self.directory))
            child = self._spawn(port)
            if self._wait(child, port):
                write_private(self.directory / "port", f"{port}\n")
                return self._server(port, self._identity(child), child)
            # Most likely another process has taken the port in between: try another one.
            (self.directory / "port").unlink(missing_ok=True)
        raise StartError(f"PostgreSQL did not start: see {self.log}")

    def _server(self, port: int, identity: Identity, child: subprocess.Popen[bytes] | None) -> Server:
        use = Lock(self.directory / "in-use")
        use.take(shared=True)
        return Server(self.directory, self.data, port, identity, self.passwords, child, use)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        server = programs(self.directory, self.user) / "postgres"
        settings = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        command = [server, "-D", self.data, "-p", str(port), *settings]
        signal_ = signal.SIGINT if self.dies_with_us else None
        with open_log(self.log) as stream:
            return processes.spawn(command, output=stream, user=self.user, directory=self.data, dies_with_us=signal_)

    def _wait(self, child: subprocess.Popen[bytes], port: int) -> bool:
        until = time.monotonic() + START_PATIENCE
        try:
            while child.poll() is None and time.monotonic() < until:
                if not ports.is_free(port):
                    try:
                        self._ensure_roles(port)
                    except psycopg.OperationalError:
                        pass
                    else:
                        return True
                time.sleep(0.03)
        except BaseException:
            self._give_up(child)
            raise
        self._give_up(child)
        return False

    def _give_up(self, child: subprocess.Popen[bytes]) -> None:
        if child.poll() is None:
            processes.stop(self._identity(child), STEPS, child)

    def _identity(self, child: subprocess.Popen[bytes]) -> Identity:
        identity = Identity.of(child.pid)
        if identity is None:
            raise StartError(f"PostgreSQL stopped as soon as it had started: see {self.log}")
        return identity

    def _ensure_roles(self, port: int) -> None:
        conninfo = f"host={LOOPBACK} port={port} dbname={SUPERUSER} user={SUPERUSER} connect_timeout=5"
        password = self.passwords[SUPERUSER]
        with psycopg.connect(conninfo, password=password, autocommit=True) as connection:
            pg_roles.ensure(connection, self.passwords)

    def _check_version(self) -> None:
        data_version = (self.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        program = subprocess.run([binary("postgres"), "--version"], capture_output=True, text=True, check=True)
        server_version = program.stdout.split()[-1].split(".")[0]
        if data_version != server_version:
            raise StartError(
                f"{self.data} was made by PostgreSQL {data_version} and this one is {server_version}: "
                "dump it with the old version and load it with the new one, or delete it to start afresh"
            )


def _last_port(directory: Path) -> int | None:
    try:
        return int((directory / "port").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
