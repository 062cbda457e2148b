"""Consumers of the tests, and a fact of each of them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from events.catalogue import MemberSignedIn
from events.services import record
from events.types import Consumer
from tests.events import consumers


@pytest.fixture(autouse=True)
def nothing_given() -> Iterator[None]:
    yield
    consumers.given.clear()
    consumers.errors.clear()


@pytest.fixture
def consume(settings: Any) -> Callable[..., None]:
    """`consume("take", "fails")`: these, and no others, are given the sign-ins of members."""

    def choose(*names: str, facts: tuple[str, ...] = ("member.signed_in", "workspace.deleted")) -> None:
        settings.EVENT_CONSUMERS = {
            name: Consumer(f"tests.events.consumers.{name}", frozenset(facts)) for name in names
        }

    return choose


@pytest.fixture
def signed_in(people: Any) -> Callable[..., Any]:
    """Record that a person has signed in; the fact's id."""

    def tell(person: Any = None) -> Any:
        person = person or people.member
        return record(MemberSignedIn(subject_id=person.pk, actor_id=person.pk))

    return tell
