"""What other apps hand to `usage` and get back."""

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from plans.types import Source


@dataclass(frozen=True)
class Act:
    """A metered act under way: who asked what of whom. `reference` is the key of the row it makes."""

    kind: str
    reference: UUID


@dataclass(frozen=True)
class Held:
    """An open reservation. `amounts` by meter, in the meter's unit (plans/meters.py)."""

    id: UUID
    amounts: dict[str, Decimal]


@dataclass(frozen=True)
class Gauge:
    """Use of one meter in its slot (this month, this hour, or now), for people. `limit` None: without limit.

    All amounts are in the meter's unit. `source` None: nobody asked for it.
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
        """Whole percent used, 100 at most; 0 without limit."""
        if not self.limit:
            return 0
        return min(100, int((self.used + self.reserved) * 100 / self.limit))


class QuotaExceeded(Exception):
    """Raised where an act's upper bound does not fit what the plan leaves. Carries what to tell people."""

    def __init__(self, gauge: Gauge, plan_name: str, wanted: Decimal) -> None:
        super().__init__(f"{gauge.key}: {gauge.used}+{gauge.reserved}+{wanted} > {gauge.limit}")
        self.gauge = gauge
        self.plan_name = plan_name
        self.wanted = wanted
