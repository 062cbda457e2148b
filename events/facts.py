"""The base of all facts: a frozen dataclass of ids, figures and closed choices, stored as JSON.

A fact never contains text that a person wrote: the outbox is in the public schema, and a workspace's texts stay in its
own. A consumer that needs texts reads them at delivery, in the workspace's context.
"""

import datetime as dt
import re
from dataclasses import dataclass, fields
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, ClassVar, Final, Union, get_args, get_origin, get_type_hints
from uuid import UUID

NAME: Final = re.compile(r"[a-z][a-z_]*(\.[a-z][a-z_]*)+")
MAX_NAME: Final = 60
# Integers up to here are exact in every reader of JSON (RFC 8259, section 6).
MAX_SAFE_INTEGER: Final = 2**53 - 1


class Unfit(ValueError):
    """Raised for a value that does not fit the field of its fact."""


class Code(str):
    """The key of a row or constant of the operator's catalogue (plan, meter, option). Raises `Unfit` for others."""

    PATTERN: ClassVar = re.compile(r"[-a-zA-Z0-9_]{1,40}")

    def __new__(cls, value: str) -> "Code":
        if not cls.PATTERN.fullmatch(value):
            raise Unfit("not a code of the catalogue")
        return super().__new__(cls, value)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A business event about `subject_id`, caused by `actor_id` (None: the platform).

    A class with a NAME enters `CATALOGUE`. Its fields do not change once facts of it are stored: a change is a new
    class with the same NAME and a higher VERSION, beside the old one until no row of the outbox has the old version.
    """

    NAME: ClassVar[str]
    VERSION: ClassVar[int] = 1

    subject_id: UUID
    actor_id: UUID | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "NAME" in cls.__dict__:
            if (cls.NAME, cls.VERSION) in CATALOGUE:
                raise TypeError(f"two facts are called {cls.NAME}, version {cls.VERSION}")
            CATALOGUE[cls.NAME, cls.VERSION] = cls


CATALOGUE: dict[tuple[str, int], type[Fact]] = {}
# Columns of the outbox.
_COLUMNS: Final = frozenset({"subject_id", "actor_id"})
_PLAIN: Final = (UUID, int, Decimal, dt.date, dt.datetime, bool, Code)


def kind_of(hint: Any) -> tuple[type, bool] | None:
    """(type, whether None is allowed) of a field's annotation; None if no fact may have such a field."""
    optional = False
    if get_origin(hint) in (Union, UnionType):
        kinds = [option for option in get_args(hint) if option is not NoneType]
        optional = len(kinds) < len(get_args(hint))
        if len(kinds) != 1:
            return None
        hint = kinds[0]
    is_closed_choice = isinstance(hint, type) and issubclass(hint, Enum) and bool(list(hint))
    return (hint, optional) if hint in _PLAIN or is_closed_choice else None


def unfit_fields(fact: type[Fact]) -> list[str]:
    """Names of the fields that no fact may have."""
    hints = get_type_hints(fact)
    return [field.name for field in fields(fact) if kind_of(hints[field.name]) is None]


_kinds_by_fact: dict[type[Fact], dict[str, tuple[type, bool]]] = {}


def _kinds(fact: type[Fact]) -> dict[str, tuple[type, bool]]:
    """(type, whether None is allowed) by field. Raises `Unfit` for a field that no fact may have."""
    if fact in _kinds_by_fact:
        return _kinds_by_fact[fact]
    if unfit := unfit_fields(fact):
        raise Unfit(f"{fact.__name__}: not for facts: {', '.join(sorted(unfit))}")
    hints = get_type_hints(fact)
    kinds = {field.name: kind_of(hints[field.name]) for field in fields(fact)}
    return _kinds_by_fact.setdefault(fact, {name: kind for name, kind in kinds.items() if kind is not None})


def to_json(fact: Fact) -> dict[str, Any]:
    """The fact's own fields as JSON: ids, dates and exact decimals as text.

    Raises `Unfit` for a value that is not of its field's type, without the value, because errors are logged.
    """
    kinds = _kinds(type(fact))
    values = {name: _json_value(fact, name, *kind) for name, kind in kinds.items()}
    return {name: value for name, value in values.items() if name not in _COLUMNS}


def _json_value(fact: Fact, name: str, kind: type, optional: bool) -> Any:
    value = getattr(fact, name)
    if value is None and optional:
        return None
    is_of_kind = isinstance(value, kind) if issubclass(kind, Enum | UUID) else type(value) is kind
    if (
        not is_of_kind
        or (isinstance(value, Decimal) and not value.is_finite())
        or (isinstance(value, int) and not isinstance(value, Enum) and abs(value) > MAX_SAFE_INTEGER)
        or (isinstance(value, dt.datetime) and value.tzinfo is None)
    ):
        raise Unfit(f"{fact.NAME}: {name} is no {kind.__name__}")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value if kind in (int, bool) else str(value)


def from_json(name: str, version: int, data: dict[str, Any], subject_id: UUID, actor_id: UUID | None) -> Fact:
    """The fact of a stored row. Raises `KeyError` for a name and version that this code does not know."""
    fact = CATALOGUE[name, version]
    kinds = _kinds(fact)
    values = {key: _python_value(kinds[key][0], value) for key, value in data.items()}
    return fact(subject_id=subject_id, actor_id=actor_id, **values)


def _python_value(kind: type, value: Any) -> Any:
    if value is None or kind in (int, bool):
        return value
    if kind in (dt.date, dt.datetime):
        return kind.fromisoformat(value)
    return kind(value)
