"""A workspace whose owner goes through a sequence, in tests."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from mailing.models import SequenceRun
from mailing.sequences.consumers import enter
from mailing.sequences.steps import Sequence
from tenants.context import public_context
from tenants.ids import new_id


def noon(days_ago: int = 0) -> datetime:
    """An hour at which people of the platform's zone are written to."""
    local = timezone.now().astimezone(ZoneInfo("Europe/Paris")) - timedelta(days=days_ago)
    return local.replace(hour=12, minute=0, second=0, microsecond=0)


def entered(people: Any, sequence: Sequence, *, at: datetime, person: Any = None, entry: str = "") -> SequenceRun:
    person = person or people.owner
    entry = entry or str(new_id())
    with public_context():
        enter(sequence, people.home, person.pk, entry=entry, at=at)
        return SequenceRun.objects.get(person_id=person.pk, sequence=sequence.code, entry=entry)


class Clock:
    """The time as the engine reads it."""

    def __init__(self, monkeypatch: Any, at: datetime) -> None:
        self.at = at
        monkeypatch.setattr("mailing.sequences.engine.timezone.now", lambda: self.at)
