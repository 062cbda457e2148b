"""PostgreSQL's data directory: its location, creation, and clean-up after a crash."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path

import psutil

from embedded import processes
from embedded.errors import StartError
from embedded.files import open_log, write_private
from embedded.pg_install import fallback_directory, programs
from embedded.processes import Identity
from embedded.system_user import SystemUser, can_reach

INITDB_PATIENCE = 120.0


def locate(directory: Path, user: SystemUser | None) -> Path:
    """The data directory: inside the state directory, or outside if PostgreSQL's user cannot reach it."""
    note = directory / "location"
    if note.exists():
        return _noted_directory(note, directory)
    if (directory / "data").exists() or can_reach(directory, user):
        return directory / "data"
    outside = fallback_directory(directory)
    outside.mkdir(parents=True, exist_ok=True)
    outside.chmod(0o711)
    _claim(outside, note, directory)
    return outside / "data"


def _noted_directory(note: Path, directory: Path) -> Path:
    """The data directory noted earlier. A copied state directory must not use the original's data."""
    outside = Path(note.read_text(encoding="utf-8").strip())
    with contextlib.suppress(OSError):
        owner = Path((outside / "owner").read_text(encoding="utf-8").strip())
        if owner != directory.resolve() and (owner / "location").exists():
            outside = fallback_directory(directory)
    outside.mkdir(parents=True, exist_ok=True)
    outside.chmod(0o711)
    _claim(outside, note, directory)
    return outside / "data"


def _claim(outside: Path, note: Path, directory: Path) -> None:
    write_private(outside / "owner", f"{directory.resolve()}\n")
    write_private(note, f"{outside}\n")


def create(directory: Path, data: Path, user: SystemUser | None, password: str, *, fsync: bool, log: Path) -> None:
    """Run initdb in a temporary directory and rename it, so that a crash leaves no partial data directory."""
    temporary = data.with_name("data.half")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(mode=0o700)
    password_file = data.with_name("password.new")
    write_private(password_file, password)
    if user:
        user.own(temporary)
        user.own(password_file)
    try:
        _initdb(programs(directory, user), temporary, user, password_file, fsync=fsync, log=log)
        temporary.rename(data)
    finally:
        password_file.unlink(missing_ok=True)
        shutil.rmtree(temporary, ignore_errors=True)


def _initdb(bin_: Path, data: Path, user: SystemUser | None, password_file: Path, *, fsync: bool, log: Path) -> None:
    # The built-in C.UTF-8 sorts and folds alike on every machine.
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    access = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password_file}"]
    command = [bin_ / "initdb", "-D", data, *locale, *access, *([] if fsync else ["--no-sync"])]
    with open_log(log) as stream:
        child = processes.spawn(command, output=stream, user=user, directory=Path("/"))
        try:
            status = child.wait(INITDB_PATIENCE)
        except subprocess.TimeoutExpired:
            status = -1
        finally:
            _end(child)
    if status != 0:
        raise StartError(f"PostgreSQL could not make its data directory (initdb): see {log}")


def _end(child: subprocess.Popen[bytes]) -> None:
    identity = Identity.of(child.pid) if child.poll() is None else None
    if identity:
        processes.stop(identity, popen=child)


def running(data: Path) -> tuple[Identity, int] | None:
    """The server running on this data directory with its port, or None."""
    with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        process = psutil.Process(int(lines[0]))
        if process in _servers(data):
            return Identity(process.pid, process.create_time()), int(lines[3])
    return None


def clear(data: Path) -> None:
    """Remove what a crash has left: server processes of this data directory, and the pid file."""
    for process in _servers(data):
        with contextlib.suppress(psutil.Error):
            process.kill()
            process.wait(5)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _servers(data: Path) -> list[psutil.Process]:
    """The server processes of a data directory, recognised by their working directory."""
    directory = str(data.resolve())
    return [process for process in psutil.process_iter() if _works_in(process, directory)]


def _works_in(process: psutil.Process, directory: str) -> bool:
    try:
        return bool(process.name() == "postgres" and process.cwd() == directory)
    except psutil.Error:
        return False
