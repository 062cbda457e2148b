"""What consumers are given."""

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from events.facts import Fact


@dataclass(frozen=True)
class Event:
    """A recorded fact. `tenant_id` is None for a fact of the platform; `id` is the same at each try."""

    id: UUID
    tenant_id: UUID | None
    at: dt.datetime
    fact: Fact


class Consumer(NamedTuple):
    """A line of settings.EVENT_CONSUMERS: `function(event: Event)`, and the names of the facts that it is given."""

    function: str
    facts: frozenset[str]
