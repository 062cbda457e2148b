"""Checks what the fake answers against the SDK's own classes: every key is known there and has a value of its type,
and every attribute that is not Optional there is present.

`problems(answer)` gives one line for each difference: "customer.address.citty: unknown".
"""

import importlib
import re
import types
import typing
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Union

from stripe import ListObject, SearchResultObject, StripeObject
from stripe._object_classes import OBJECT_CLASSES
from stripe._stripe_object import UntypedStripeObject

from fakes.stripe.hints import type_hints

# What a list and a search say beside what their classes name.
_LIST_KEYS = {"object", "data", "has_more", "url"}
_SEARCH_KEYS = {"object", "data", "has_more", "url", "next_page", "total_count"}


def problems(answer: dict[str, Any], path: str = "") -> list[str]:
    """What is wrong with a whole answer: an object, a list of objects, a search, what is left of a deleted object."""
    kind = answer.get("object")
    path = path or str(kind)
    if kind in ("list", "search_result"):
        return _list(answer, None, path)
    cls = class_of(str(kind))
    if cls is None:
        return [f"{path}: no class for {kind!r}"]
    differences = _object(answer, cls, path)
    if kind == "event":
        differences += problems(answer["data"]["object"], f"{path}({answer['type']}).data.object")
    return differences


def class_of(kind: str) -> type | None:
    place = OBJECT_CLASSES.get(kind)
    return getattr(importlib.import_module(place[0]), place[1]) if place else None


def _object(value: Any, cls: type, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no {cls.__name__}"]
    hints = type_hints(cls)
    if value.get("deleted") is True:
        hints = {name: hints[name] for name in ("id", "object", "deleted") if name in hints}
    differences = [f"{path}.{name}: unknown" for name in value if name not in hints]
    for name, hint in hints.items():
        if name in value:
            differences += _value(value[name], hint, f"{path}.{name}")
        elif not _optional(hint):
            differences.append(f"{path}.{name}: missing")
    return differences


def _optional(hint: Any) -> bool:
    return _origin(hint) is Union and type(None) in typing.get_args(hint)


def _origin(hint: Any) -> Any:
    origin = typing.get_origin(hint)
    return Union if origin is types.UnionType else origin


def _value(value: Any, hint: Any, path: str) -> list[str]:
    origin, arguments = _origin(hint), typing.get_args(hint)
    if origin is Union:
        return _union(value, arguments, path)
    if origin is Literal:
        return [] if value in arguments else [f"{path}: {value!r} is none of {_short(arguments)}"]
    if origin in (list, tuple):
        return _items(value, arguments[0], path)
    if origin is dict:
        return _mapping(value, arguments[1], path)
    if isinstance(origin, type) and issubclass(origin, (ListObject, SearchResultObject)):
        return _list(value, arguments[0], path)
    if origin is UntypedStripeObject:
        return _mapping(value, arguments[0], path)
    if hint is UntypedStripeObject or hint is Any:
        return []
    if isinstance(hint, type) and issubclass(hint, StripeObject):
        return _object(value, hint, path)
    return [] if _plain(value, hint) else [f"{path}: {value!r} is no {getattr(hint, '__name__', hint)}"]


def _union(value: Any, options: tuple[Any, ...], path: str) -> list[str]:
    if value is None:
        return [] if type(None) in options else [f"{path}: null"]
    literals = [option for option in options if _origin(option) is Literal]
    if literals and isinstance(value, str):
        # The SDK leaves its enums open; the fake says nothing that is not named there.
        return _value(value, literals[0], path)
    tried = [_value(value, option, path) for option in _likely(value, options)]
    return min(tried, key=len) if tried else [f"{path}: {value!r} fits nothing"]


def _likely(value: Any, options: tuple[Any, ...]) -> list[Any]:
    """Where several classes may stand, the one that the object says it is."""
    named = [option for option in options if isinstance(value, dict) and _name(option) == value.get("object")]
    return named or [option for option in options if option is not type(None)]


def _name(option: Any) -> Any:
    return getattr(option, "OBJECT_NAME", None)


def _items(value: Any, hint: Any, path: str) -> list[str]:
    if not isinstance(value, list):
        return [f"{path}: {value!r} is no list"]
    return [line for index, item in enumerate(value) for line in _value(item, hint, f"{path}.{index}")]


def _mapping(value: Any, hint: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no mapping"]
    return [line for key, item in value.items() for line in _value(item, hint, f"{path}.{key}")]


def _list(value: Any, hint: Any, path: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{path}: {value!r} is no list object"]
    keys = _SEARCH_KEYS if value.get("object") == "search_result" else _LIST_KEYS
    differences = [f"{path}.{name}: unknown" for name in value if name not in keys]
    differences += [f"{path}.{name}: missing" for name in sorted(_LIST_KEYS) if name not in value]
    for index, item in enumerate(value.get("data", [])):
        at = f"{path}.data.{index}"
        differences += problems(item, at) if hint is None else _value(item, hint, at)
    return differences


def _plain(value: Any, hint: Any) -> bool:
    if hint is bool:
        return isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if hint is Decimal:
        return isinstance(value, str) and _is_decimal(value)
    return isinstance(value, hint) if isinstance(hint, type) else False


def _is_decimal(value: str) -> bool:
    try:
        Decimal(value)
    except InvalidOperation:
        return False
    return bool(re.fullmatch(r"-?[0-9.]+", value))


def _short(values: tuple[Any, ...]) -> str:
    return str(values if len(values) < 9 else (*values[:8], "…"))
