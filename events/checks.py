"""System check of the catalogue of facts and of the consumers' names."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from events.catalogue import CATALOGUE
from events.facts import MAX_NAME, NAME, Fact, unfit_fields


@register()
def check_facts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Error ruche.E012: a fact with a field for free text, an invalid name, or a consumer of an unknown fact."""
    problems = [*_consumer_problems()]
    for fact in CATALOGUE.values():
        problems += problems_of(fact)
    return [Error(problem, id="ruche.E012") for problem in problems]


def problems_of(fact: type[Fact]) -> list[str]:
    """Why a class is not valid as a fact; empty if it is valid."""
    problems = []
    if not NAME.fullmatch(fact.NAME) or len(fact.NAME) > MAX_NAME:
        problems.append(f"{fact.__name__}: {fact.NAME} is no dotted name")
    if not fact.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        problems.append(f"{fact.__name__} is not frozen")
    problems += [
        f"{fact.__name__}.{name}: a fact holds ids, figures, dates and closed choices only"
        for name in unfit_fields(fact)
    ]
    return problems


def _consumer_problems() -> Iterator[str]:
    names = {name for name, _version in CATALOGUE}
    for key, consumer in settings.EVENT_CONSUMERS.items():
        for unknown in sorted(consumer.facts - names):
            yield f"EVENT_CONSUMERS[{key}]: no fact is called {unknown}"
