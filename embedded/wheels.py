"""Where the servers that come as wheels lie. Found without importing them: some do things at import."""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

from embedded.errors import StartError


@cache
def package(name: str) -> Path:
    """The directory of an installed package."""
    found = importlib.util.find_spec(name)
    if found is None or not found.origin:
        raise StartError(f"the Python package {name} is not installed: run `make clean-venv run`")
    return Path(found.origin).parent


def is_installed(name: str) -> bool:
    return importlib.util.find_spec(name) is not None
