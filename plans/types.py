"""What a workspace may use, as other apps read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from accounts.access import NotEntitled

__all__ = ["EUROS", "TOKENS", "Entitlements", "NotEntitled", "Right", "Source", "SourceKind"]

TOKENS = "ai_tokens"
EUROS = "ai_euros"


class SourceKind(StrEnum):
    """Where a right comes from, the first that speaks first."""

    OVERRIDE = "override"
    ADD_ON = "add_on"
    PLAN = "plan"
    DEFAULT = "default"


@dataclass(frozen=True)
class Source:
    """What gives a right. `name`: of the plan or the option, or the exception's reason; `until` None: for good."""

    kind: SourceKind
    name: str = ""
    until: datetime | None = None


NOWHERE = Source(SourceKind.DEFAULT)


@dataclass(frozen=True)
class Right:
    """What one workspace may use of one thing, in the unit of its meter. `limit` None: without limit; 0: nothing."""

    key: str
    label: str
    limit: Decimal | None
    source: Source
    soft_percent: int = 80
    grace_percent: int = 0

    @property
    def given(self) -> bool:
        """True where some of it may be used."""
        return self.limit is None or self.limit > 0

    @property
    def ceiling(self) -> Decimal | None:
        """Where use is stopped: the limit and its grace. None: nowhere."""
        return None if self.limit is None else self.limit * (100 + self.grace_percent) / 100

    @property
    def soft(self) -> Decimal | None:
        """Where people are told that the limit comes near. None: nowhere."""
        return None if self.limit is None else self.limit * self.soft_percent / 100


@dataclass(frozen=True)
class Entitlements:
    """All that one workspace may use, as it was resolved; what no row names is not given.

    `changes_at`: when an exception or an option begins or ends next; None: never, as things stand.
    """

    plan_code: str
    plan_name: str
    rights: Mapping[str, Right] = field(default_factory=lambda: MappingProxyType({}))
    changes_at: datetime | None = None

    def right(self, key: str) -> Right:
        """What may be used of `key`, with its source."""
        return self.rights.get(key) or Right(key, key, Decimal(0), NOWHERE)

    def limit(self, key: str) -> Decimal | None:
        """How much, in the meter's unit. None: without limit; 0: nothing."""
        return self.right(key).limit

    def has(self, key: str) -> bool:
        """True where some of it may be used."""
        return self.right(key).given

    def source(self, key: str) -> Source:
        """What gives it."""
        return self.right(key).source
