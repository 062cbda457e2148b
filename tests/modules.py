"""Registering modules that come later, for tests of what sells and shows them."""

import pytest

from config import modules
from plans.meters import METERS

SOMETHING = "workspace.seats.seats_taken"


def register(monkeypatch: pytest.MonkeyPatch, *keys: str) -> None:
    """For the rest of the test, these rights have a module; without keys, all that there are."""
    for key in keys or tuple(METERS):
        monkeypatch.setitem(modules.MODULES, key, SOMETHING)
