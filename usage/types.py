"""Types of the interface to `usage`."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from plans.types import Source


@dataclass(frozen=True)
class Act:
    """A metered act. `reference`: the primary key of the row that the act creates."""

    kind: str
    reference: UUID


@dataclass(frozen=True)
class Hold:
    """An open reservation. `amounts` by meter, in the meter's unit (plans/meters.py)."""

    id: UUID
    amounts: dict[str, Decimal]


@dataclass(frozen=True)
class Gauge:
    """Use of one meter in its slot (this month, this hour, or now). `limit` None: unlimited.

    All amounts are in the meter's unit. `source` None: not resolved.
    """

    key: str
    label: str
    used: Decimal
    reserved: Decimal
    limit: Decimal | None
    soft_percent: int = 80
    source: Source | None = None

    @property
    def percent(self) -> int:
        """Used and reserved in whole percent of the limit, at most 100; 0 where unlimited."""
        if not self.limit:
            return 0
        return min(100, int((self.used + self.reserved) * 100 / self.limit))


class QuotaExceeded(Exception):
    """Raised where the upper bound of an act exceeds the rest of the quota. Carries the data of the message."""

    def __init__(self, gauge: Gauge, plan_name: str, wanted: Decimal) -> None:
        super().__init__(f"{gauge.key}: {gauge.used}+{gauge.reserved}+{wanted} > {gauge.limit}")
        self.gauge = gauge
        self.plan_name = plan_name
        self.wanted = wanted
