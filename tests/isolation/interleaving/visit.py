"""One request: where it is, where it looks in passing, what it saw, and what it wrote."""

import random
from collections import Counter
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any

from django.db import connection
from django.http import HttpRequest, JsonResponse

from accounts.models import User
from conversations.models import Conversation
from library.models import Item
from tests.isolation.interleaving import world
from tests.isolation.interleaving.world import OTHERS, PERSON, THREAD, Place

PLACES: dict[str, Place] = {}
BY_HOST: dict[str, Place] = {}
RUN = ""


def enter(run: str) -> None:
    """Learn the places once for the process; `run` labels every row it writes."""
    global RUN
    RUN = run
    PLACES.update(world.places())
    BY_HOST.update({place.host: place for place in PLACES.values()})


class Visit:
    """`here` comes from the request's host and `there` from its query, never from the context under test."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.here = BY_HOST[request.get_host()]
        self.there = PLACES[request.GET["there"]]
        self.number = int(request.GET["number"])
        self.dice = random.Random(self.number)
        self.seen: dict[str, list[str]] = {"here": [], "there": []}
        self.written: Counter[str] = Counter()

    def elsewhere(self) -> AbstractContextManager[object]:
        return self.there.inside()

    def sees(self, *marks: str) -> None:
        self.seen["here"] += marks

    def sees_there(self, *marks: str) -> None:
        self.seen["there"] += marks

    def wrote(self, table: str, rows: int = 1, *, there: bool = False) -> None:
        """Told once it is committed: so many rows stand in this table."""
        self.written[f"{(self.there if there else self.here).name} {table}"] += rows

    def told(self) -> dict[str, Any]:
        return {**self.seen, "written": self.written}

    def answer(self) -> JsonResponse:
        return JsonResponse(self.told())

    # -- what may be read, by several ways

    @cached_property
    def at_public(self) -> bool:
        return self.here.ref is None

    def look(self) -> str:
        """The mark of some row of the context's."""
        return self.dice.choice([name, title, thread_title])() if not self.at_public else name()

    def look_there(self) -> None:
        with self.elsewhere():
            self.sees_there(title() if self.there.ref and self.dice.random() < 0.5 else name())

    # -- what may be written

    def item(self, place: Place | None = None, **fields: Any) -> Item:
        place = place or self.here
        values = {"kind": "text", "title": place.mark, "text": RUN, "author_id": PERSON}
        return Item(**(values | fields))

    def person(self, place: Place | None = None) -> User:
        place = place or self.here
        return User(email=f"{RUN}.{self.number}.{self.dice.random()}@rows.test", name=place.mark)

    def add(self, *, there: bool = False) -> None:
        """One row, in a table that also stands in public: the wrong path would find one there too."""
        self.person(self.there if there else self.here).save(force_insert=True)

    def add_and_tell(self, *, there: bool = False) -> None:
        self.add(there=there)
        self.wrote("accounts_user", there=there)


def name() -> str:
    return User.objects.values_list("name", flat=True).get(pk=PERSON)


def title() -> str:
    return Item.objects.values_list("title", flat=True).get(pk=OTHERS[0])


def thread_title() -> str:
    return Conversation.objects.values_list("title", flat=True).get(pk=THREAD)


NAME = "SELECT name FROM accounts_user WHERE email = 'same@rows.test'"


def raw_name() -> str:
    """By the driver's own cursor, behind Django's back."""
    connection.ensure_connection()
    with connection.connection.cursor() as cursor:
        return str(cursor.execute(NAME).fetchone()[0])


def cursor_name(cursor: Any) -> str:
    cursor.execute(NAME)
    return str(cursor.fetchone()[0])
