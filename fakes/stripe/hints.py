"""Resolves the SDK's annotations, whose types are imported for type checkers only."""

import ast
import functools
import importlib
import inspect
import sys
import typing
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import stripe
import typing_extensions
from stripe._stripe_context import StripeContext
from stripe._stripe_object import StripeObject

# What base classes name without importing it where it is read.
_COMMON = {"Mapping": Mapping, "StripeContext": StripeContext, "StripeObject": StripeObject}


@functools.cache
def type_hints(cls: type) -> dict[str, Any]:
    """Field -> type of a resource class or of a params TypedDict; what is common to all requests left out."""
    module = sys.modules[cls.__module__]
    names = {**_COMMON, **_checked_only(module)}
    annotations = typing_extensions.get_type_hints(cls, globalns=vars(module), localns=names)
    unwanted = {"OBJECT_NAME", *_request_options()} if typing_extensions.is_typeddict(cls) else {"OBJECT_NAME"}
    return {
        name: hint
        for name, hint in annotations.items()
        if name not in unwanted and not name.startswith("_") and typing.get_origin(hint) is not typing.ClassVar
    }


def required(cls: type) -> frozenset[str]:
    return frozenset(getattr(cls, "__required_keys__", ())) - _request_options()


def _request_options() -> set[str]:
    return set(stripe.RequestOptions.__annotations__) - {"expand"}


@functools.cache
def _checked_only(module: ModuleType) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if not (isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"):
            continue
        for statement in node.body:
            if isinstance(statement, ast.ImportFrom) and statement.module:
                source = importlib.import_module(statement.module)
                names.update({part.asname or part.name: getattr(source, part.name) for part in statement.names})
    return names
