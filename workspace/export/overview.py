"""Numbers of contents in an export, for its page."""

from importlib import import_module
from typing import NamedTuple

from django.conf import settings

from accounts.models import User
from tenants.exporting import Exporter


class Count(NamedTuple):
    label: str
    number: int
    private_to_others: int


def counts_of(person: User) -> list[Count]:
    """One count for each app in `EXPORTS`."""
    exporters: list[Exporter] = [import_module(path) for path in settings.EXPORTS]
    return [Count(str(app.LABEL), app.count(person), app.left_out(person)) for app in exporters]
