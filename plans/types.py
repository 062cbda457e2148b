"""The resolved entitlements of a workspace, as other apps read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType

from accounts.access import NotEntitled

__all__ = ["AI_EUROS", "TOKENS", "Entitlements", "NotEntitled", "Right", "Source", "SourceKind"]

TOKENS = "ai_tokens"
AI_EUROS = "ai_euros"


class SourceKind(StrEnum):
    """Where a right comes from, in descending precedence."""

    OVERRIDE = "override"
    ADD_ON = "add_on"
    PLAN = "plan"
    DEFAULT = "default"


@dataclass(frozen=True)
class Source:
    """What grants a right. `name`: of the plan or add-on, or the override's reason; `until` None: no end."""

    kind: SourceKind
    name: str = ""
    until: datetime | None = None


NO_SOURCE = Source(SourceKind.DEFAULT)


@dataclass(frozen=True)
class Right:
    """An entitlement as resolved for one workspace. `limit`, in the meter's unit: None is unlimited, 0 forbids use."""

    key: str
    label: str
    limit: Decimal | None
    source: Source
    soft_percent: int = 80
    grace_percent: int = 0

    @property
    def is_granted(self) -> bool:
        """True where the workspace may use it."""
        return self.limit is None or self.limit > 0

    @property
    def ceiling(self) -> Decimal | None:
        """The limit plus the grace, where use stops; None is unlimited."""
        return None if self.limit is None else self.limit * (100 + self.grace_percent) / 100

    @property
    def warning_threshold(self) -> Decimal | None:
        """The amount at which owners are warned; None where unlimited."""
        return None if self.limit is None else self.limit * self.soft_percent / 100


@dataclass(frozen=True)
class Entitlements:
    """All rights of one workspace. A key that is not in `rights` is not granted.

    `changes_at`: when the next override or add-on begins or ends; None where none does.
    """

    plan_code: str
    plan_name: str
    rights: Mapping[str, Right] = field(default_factory=lambda: MappingProxyType({}))
    changes_at: datetime | None = None

    def right(self, key: str) -> Right:
        """The right of `key`; one with limit 0 where nothing grants it."""
        return self.rights.get(key) or Right(key, key, Decimal(0), NO_SOURCE)

    def limit(self, key: str) -> Decimal | None:
        """The limit in the meter's unit; None is unlimited, 0 forbids use."""
        return self.right(key).limit

    def has(self, key: str) -> bool:
        """True where the workspace may use `key`."""
        return self.right(key).is_granted

    def source(self, key: str) -> Source:
        """What grants `key`."""
        return self.right(key).source
