"""Types of the interface between the outbox and its consumers."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from events.facts import Fact


@dataclass(frozen=True)
class Event:
    """A recorded fact. `tenant_id`: None for a fact of the platform; `id`: the same at each try."""

    id: UUID
    tenant_id: UUID | None
    at: dt.datetime
    fact: Fact


class Consumer(NamedTuple):
    """A value of settings.EVENT_CONSUMERS: the dotted name of `function(event: Event)`, and the facts it receives."""

    function: str
    facts: frozenset[str]
