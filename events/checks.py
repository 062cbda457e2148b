"""System check of the catalogue: no free text in a fact, names that last, consumers of facts that there are."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from events.catalogue import CATALOGUE
from events.facts import MAX_NAME, NAME, Fact, unfit_fields


@register()
def check_facts(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Error ruche.E012: a fact with a field for texts, an odd name, or a consumer of a fact that nobody records."""
    wrong = [*_of_consumers()]
    for fact in CATALOGUE.values():
        wrong += wrong_in(fact)
    return [Error(said, id="ruche.E012") for said in wrong]


def wrong_in(fact: type[Fact]) -> list[str]:
    """What a class may not be as a fact; empty where it may."""
    said = []
    if not NAME.fullmatch(fact.NAME) or len(fact.NAME) > MAX_NAME:
        said.append(f"{fact.__name__}: {fact.NAME} is no dotted name")
    if not fact.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        said.append(f"{fact.__name__} is not frozen")
    said += [
        f"{fact.__name__}.{name}: a fact holds ids, figures, dates and closed choices only"
        for name in unfit_fields(fact)
    ]
    return said


def _of_consumers() -> Iterator[str]:
    names = {name for name, _version in CATALOGUE}
    for key, consumer in settings.EVENT_CONSUMERS.items():
        for unknown in sorted(consumer.facts - names):
            yield f"EVENT_CONSUMERS[{key}]: no fact is called {unknown}"
