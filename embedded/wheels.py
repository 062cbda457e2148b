"""Directories of servers installed as wheels, found without importing them, since some have effects at import."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from embedded.errors import StartError


@cache
def package(name: str) -> Path:
    """The directory of an installed package."""
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.origin:
        raise StartError(f"the Python package {name} is not installed: run `make clean-venv run`")
    return Path(spec.origin).parent


def is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
