"""The system user that PostgreSQL runs as when Ruche is started by root, as whom it refuses to run."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "ruche-postgres"
FALLBACK = "nobody"


@dataclass(frozen=True)
class SystemUser:
    name: str
    uid: int
    gid: int

    def own(self, path: Path) -> None:
        os.chown(path, self.uid, self.gid)


def for_data(data: Path) -> SystemUser | None:
    """The user for a data directory; None for the present user if that is not root."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return _entry(pwd.getpwuid(data.stat().st_uid).pw_name)
    return _entry(NAME) or _create() or _entry(FALLBACK)


def can_reach(path: Path, user: SystemUser | None) -> bool:
    """Whether the user may reach and enter or execute a path. No permission is changed."""
    if user is None:
        return True
    path = path.resolve()
    return all(_may_traverse(part, user) for part in (path, *path.parents))


def _may_traverse(path: Path, user: SystemUser) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    if status.st_uid == user.uid:
        return bool(status.st_mode & stat.S_IXUSR)
    return bool(status.st_mode & stat.S_IXOTH)


def _entry(name: str) -> SystemUser | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create() -> SystemUser | None:
    command = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if command is None:
        return None
    options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    subprocess.run([command, *options, "--shell", "/bin/false", NAME], capture_output=True, check=False)
    return _entry(NAME)
