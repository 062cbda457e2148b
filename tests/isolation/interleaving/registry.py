"""The acts, by name, and the views made of them."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponseBase

from accounts.access import anyone
from tests.isolation.interleaving.visit import Visit, name, raw_name


class Planned(Exception):
    """What an act raises out of its view on purpose."""


@dataclass(frozen=True)
class Act:
    """`weight`: how often, against the others. `anywhere`: public's tables are enough for it."""

    name: str
    function: Callable[[Visit], Any]
    weight: int = 10
    anywhere: bool = False
    fails: bool = False

    @property
    def view(self) -> Callable[..., Any]:
        return anyone(_async_view(self) if inspect.iscoroutinefunction(self.function) else _view(self))


ACTS: dict[str, Act] = {}


def act(**options: Any) -> Callable[[Callable[[Visit], Any]], Callable[[Visit], Any]]:
    """Declare an act: a function of a visit. It may return a response of its own."""

    def declare(function: Callable[[Visit], Any]) -> Callable[[Visit], Any]:
        known = function.__name__
        ACTS[known] = Act(known, function, **options)
        return function

    return declare


def _before(visit: Visit) -> None:
    if visit.request.COOKIES:
        visit.sees(visit.request.user.name)  # type: ignore[union-attr]
    if visit.dice.random() < 0.3:
        visit.sees(visit.look())


def _after(visit: Visit) -> None:
    """The next read after an act, by Django or behind its back, is where a lost path shows."""
    looks = visit.dice.choice([(raw_name,), (name,), (raw_name, name), (name, raw_name)])
    visit.sees(*[look() for look in looks])


def _view(of: Act) -> Callable[..., Any]:
    def view(request: HttpRequest) -> HttpResponseBase:
        visit = Visit(request)
        _before(visit)
        own = of.function(visit)
        _after(visit)
        return own or visit.answer()

    return view


def _async_view(of: Act) -> Callable[..., Any]:
    async def view(request: HttpRequest) -> HttpResponseBase:
        visit = Visit(request)
        await sync_to_async(_before)(visit)
        own = await of.function(visit)
        await sync_to_async(_after)(visit)
        return own or visit.answer()

    return view
