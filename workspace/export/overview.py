"""How much an export would hold, as its page says it before."""

from importlib import import_module
from typing import NamedTuple

from django.conf import settings

from accounts.models import User
from tenants.exporting import Exporter


class Count(NamedTuple):
    label: str
    number: int
    private_to_others: int


def of(person: User) -> list[Count]:
    """One line for each app that gives something."""
    exporters: list[Exporter] = [import_module(path) for path in settings.EXPORTS]
    return [Count(str(one.LABEL), one.count(person), one.left_out(person)) for one in exporters]
