"""Parsing of bodies and queries: `items[0][price]=…` becomes typed values by the SDK's params types.

Unknown, missing and invalid parameters are refused with Stripe's messages.
"""

import types
import typing
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, Union
from urllib.parse import parse_qsl

import typing_extensions

from fakes.stripe.errors import invalid
from fakes.stripe.hints import required, type_hints

_WRONG = object()


def parse(raw: str) -> dict[str, Any]:
    """Parse into nested dictionaries; a list is a dictionary with numeric keys until its type is known."""
    nested: dict[str, Any] = {}
    for name, value in parse_qsl(raw, keep_blank_values=True):
        head, *remainder = name.replace("]", "").split("[")
        _put(nested, [head, *remainder], value)
    return nested


def _put(into: dict[str, Any], keys: list[str], value: str) -> None:
    key = keys[0] or str(len(into))
    if len(keys) == 1:
        into[key] = value
        return
    inner = into.setdefault(key, {})
    if not isinstance(inner, dict):
        raise invalid(f"Invalid {key}: both a value and a hash", key)
    _put(inner, keys[1:], value)


def read(values: dict[str, Any], shape: type | None) -> dict[str, Any]:
    """Typed values of a request's parameters, by the TypedDict of the SDK, without defaults."""
    return _hash(values, shape, "") if shape else values


def _hash(values: Any, shape: type, path: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise invalid("Invalid object", path)
    hints = type_hints(shape)
    for name in values:
        if name not in hints:
            where = _join(path, name)
            raise invalid(f"Received unknown parameter: {where}", where, "parameter_unknown")
    for name in sorted(required(shape) - set(values)):
        where = _join(path, name)
        raise invalid(f"Missing required param: {where}.", where, "parameter_missing")
    return {name: read_value(value, hints[name], _join(path, name)) for name, value in values.items()}


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def read_value(value: Any, hint: Any, path: str) -> Any:
    converted = _convert(value, hint, path)
    if converted is _WRONG:
        raise invalid(f"Invalid {_kind(hint)}: {value}", path, "parameter_invalid" if hint is int else "")
    return converted


def _kind(hint: Any) -> str:
    return {int: "integer", bool: "boolean", float: "decimal", Decimal: "decimal"}.get(hint, "value")


def _convert(value: Any, hint: Any, path: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing_extensions.NotRequired, typing_extensions.Required):
        return _convert(value, arguments[0], path)
    if origin is Union or origin is types.UnionType:
        return _first(value, arguments, path)
    if origin is Literal:
        return value if value in arguments else _WRONG
    if origin in (list, dict):
        return _collection(value, origin, arguments, path)
    if typing_extensions.is_typeddict(hint):
        return _hash(value, hint, path) if isinstance(value, dict) else _WRONG
    return _plain(value, hint)


def _first(value: Any, options: tuple[Any, ...], path: str) -> Any:
    """A word that is named first, then hashes and lists, numbers, text."""
    # Enums are open in the SDK but closed in Stripe's API.
    closed = any(typing.get_origin(option) is Literal and any(typing.get_args(option)) for option in options)
    ranked = sorted((option for option in options if not (closed and option is str)), key=_rank)
    for option in ranked:
        converted = _convert(value, option, path)
        if converted is not _WRONG:
            return converted
    literals = [option for option in options if typing.get_origin(option) is Literal]
    if literals and isinstance(value, str):
        words = ", ".join(str(word) for option in literals for word in typing.get_args(option) if word)
        raise invalid(f"Invalid {path}: must be one of {words}", path)
    return _WRONG


def _rank(option: Any) -> int:
    if typing.get_origin(option) is Literal:
        return 0
    return 3 if option is str else 1 if option in (int, float, bool, Decimal) else 2


def _collection(value: Any, origin: Any, arguments: tuple[Any, ...], path: str) -> Any:
    if not isinstance(value, dict):
        return [] if origin is list and value == "" else _WRONG
    if origin is dict:
        return {key: read_value(item, arguments[1], _join(path, key)) for key, item in value.items()}
    if not all(key.isdigit() for key in value):
        return _WRONG
    ordered = sorted(value.items(), key=lambda pair: int(pair[0]))
    return [read_value(item, arguments[0], _join(path, key)) for key, item in ordered]


def _plain(value: Any, hint: Any) -> Any:
    if not isinstance(value, str):
        return _WRONG
    try:
        if hint is bool:
            return {"true": True, "false": False}.get(value.lower(), _WRONG)
        if hint in (int, float, Decimal):
            return hint(value)
    except (ValueError, InvalidOperation):
        return _WRONG
    return value
