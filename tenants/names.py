"""System checks of dotted names: what is called by its name is there, and takes what it is called with."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

_GIVEN = object()


@register()
def check_names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Error ruche.E010: a name of config/lifecycle.py or config/schedule.py that cannot be called as it is."""
    return [Error(f"{place}: {name}: {wrong}", id="ruche.E010") for place, name, wrong in _wrong()]


def _wrong() -> Iterator[tuple[str, str, str]]:
    for event, names in settings.LIFECYCLE_STEPS.items():
        for name in names:
            # What else a step is given depends on its event.
            yield from _told(f"LIFECYCLE_STEPS[{event}]", name, wrong_call(name, _GIVEN, partial=True))
    for name in settings.ABANDONED_ACTS.values():
        yield from _told("ABANDONED_ACTS", name, wrong_call(name, _GIVEN))
    for name in (*settings.STANDING_METERS.values(), settings.DEMONSTRATION):
        yield from _told("STANDING_METERS, DEMONSTRATION", name, wrong_call(name))
    for name in settings.EXPORTS:
        yield from _told("EXPORTS", name, wrong_exporter(name))
    for _when, name in settings.SCHEDULE:
        yield from _told("SCHEDULE", name, wrong_call(name))


def _told(place: str, name: str, wrong: str) -> Iterator[tuple[str, str, str]]:
    if wrong:
        yield place, name, wrong


def wrong_call(name: str, *arguments: object, partial: bool = False) -> str:
    """Why `name(*arguments)` cannot be called; blank where it can. `partial`: with more by keyword."""
    try:
        function = import_string(name)
    except ImportError as error:
        return str(error)
    if not callable(function):
        return "not callable"
    signature = inspect.signature(function)
    try:
        (signature.bind_partial if partial else signature.bind)(*arguments)
    except TypeError as error:
        return str(error)
    return ""


def wrong_exporter(name: str) -> str:
    """Why a module is no `tenants.exporting.Exporter`; blank where it is one."""
    try:
        module = import_module(name)
    except ImportError as error:
        return str(error)
    missing = [one for one in ("FOLDER", "LABEL") if not hasattr(module, one)]
    missing += [one for one in ("keys", "read", "count", "left_out") if not callable(getattr(module, one, None))]
    return f"lacks {', '.join(missing)}" if missing else ""
