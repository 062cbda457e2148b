"""`expand[]`: replaces ids by objects, and adds fields that are only included on request."""

from collections.abc import Callable
from typing import Any

from fakes.stripe.errors import invalid
from fakes.stripe.hints import type_hints
from fakes.stripe.typed import class_of
from fakes.stripe.world import Object, World

# (kind, key) -> function of a field that is only included on request
INCLUDED: dict[tuple[str, str], Callable[[World, Object], Any]] = {}


def expand(world: World, answer: Object, paths: list[str]) -> None:
    for path in paths:
        _walk(world, answer, path.split("."), path)


def _walk(world: World, value: Any, keys: list[str], path: str) -> None:
    if isinstance(value, list):
        for item in value:
            _walk(world, item, keys, path)
        return
    if not keys or not isinstance(value, dict):
        return
    key, remainder = keys[0], keys[1:]
    if include := INCLUDED.get((str(value.get("object")), key)):
        value[key] = include(world, value) if not isinstance(value.get(key), (dict, list)) else value[key]
    elif key not in value and not _known(value, key):
        raise invalid(f"This property cannot be expanded ({path}).", "expand")
    if key in value:
        value[key] = _opened(world, value[key])
        _walk(world, value[key], remainder, path)


def _known(value: Object, key: str) -> bool:
    cls = class_of(str(value.get("object")))
    return cls is None or key in type_hints(cls)


def _opened(world: World, value: Any) -> Any:
    if isinstance(value, list):
        return [_opened(world, item) for item in value]
    if isinstance(value, str) and value in world.objects:
        return world.render(world.objects[value])
    return value
