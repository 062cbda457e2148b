"""System checks of dotted names in the settings: each exists and accepts the arguments of its call."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.module_loading import import_string

_ARGUMENT = object()
# Settings that name one function, with the positional arguments of its call.
_CALLED = {"ENTITLEMENT_CHECK": (_ARGUMENT, _ARGUMENT), "AUDIT_ENTRIES": (_ARGUMENT,), "AUDIT_ROW_CHANGE": ()}


@register()
def check_names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Error ruche.E010: a name in the tables of config/ that cannot be called as configured."""
    return [Error(f"{place}: {name}: {problem}", id="ruche.E010") for place, name, problem in _problems()]


def _problems() -> Iterator[tuple[str, str, str]]:
    for event, names in settings.LIFECYCLE_STEPS.items():
        for name in names:
            # Further keyword arguments of a step depend on its event.
            yield from _problem(f"LIFECYCLE_STEPS[{event}]", name, call_problem(name, _ARGUMENT, partial=True))
    for consumer in settings.EVENT_CONSUMERS.values():
        yield from _problem("EVENT_CONSUMERS", consumer.function, call_problem(consumer.function, _ARGUMENT))
    for setting, arguments in _CALLED.items():
        name = getattr(settings, setting)
        yield from _problem(setting, name, call_problem(name, *arguments, partial=True))
    for name in settings.ABANDONED_ACTS.values():
        yield from _problem("ABANDONED_ACTS", name, call_problem(name, _ARGUMENT))
    for name in (*settings.STANDING_METERS.values(), settings.DEMONSTRATION, settings.PRICES_CHANGED, *settings.SEEDS):
        yield from _problem("STANDING_METERS, DEMONSTRATION, PRICES_CHANGED, SEEDS", name, call_problem(name))
    for name in settings.EXPORTS:
        yield from _problem("EXPORTS", name, exporter_problem(name))
    name = settings.MAIL_ADDRESS_STOP
    yield from _problem("MAIL_ADDRESS_STOP", name, call_problem(name, _ARGUMENT))
    name = settings.MAIL_STOP_LINK
    yield from _problem("MAIL_STOP_LINK", name, call_problem(name, _ARGUMENT, _ARGUMENT))
    name = settings.ACCOUNT_MAIL
    yield from _problem("ACCOUNT_MAIL", name, call_problem(name, _ARGUMENT, _ARGUMENT, partial=True))
    yield from _problem("NEW_DEVICE", settings.NEW_DEVICE, call_problem(settings.NEW_DEVICE, _ARGUMENT, partial=True))
    for name in settings.NOTIFICATION_SUBJECTS.values():
        yield from _problem("NOTIFICATION_SUBJECTS", name, call_problem(name, _ARGUMENT, _ARGUMENT))
    for name in settings.CONTENT_KINDS.values():
        yield from _problem("CONTENT_KINDS", name, call_problem(name, _ARGUMENT))
    for name in settings.FORMER_JOB_NAMES.values():
        yield from _problem("FORMER_JOB_NAMES", name, call_problem(name, partial=True))
    for _when, name in settings.SCHEDULE:
        yield from _problem("SCHEDULE", name, call_problem(name))


def _problem(place: str, name: str, problem: str) -> Iterator[tuple[str, str, str]]:
    if problem:
        yield place, name, problem


def call_problem(name: str, *arguments: object, partial: bool = False) -> str:
    """Why `name(*arguments)` cannot be called, or "". `partial`: the call passes further keyword arguments."""
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


def exporter_problem(name: str) -> str:
    """Why a module does not implement `tenants.exporting.Exporter`, or ""."""
    try:
        module = import_module(name)
    except ImportError as error:
        return str(error)
    missing = [attribute for attribute in ("FOLDER", "LABEL") if not hasattr(module, attribute)]
    missing += [
        attribute
        for attribute in ("keys", "read", "count", "left_out")
        if not callable(getattr(module, attribute, None))
    ]
    return f"lacks {', '.join(missing)}" if missing else ""
