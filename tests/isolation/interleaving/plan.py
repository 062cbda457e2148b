"""Which requests a seed stands for. The order in which threads take turns is the machine's own."""

import random
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.isolation.interleaving.registry import ACTS, Act
from tests.isolation.interleaving.world import PUBLIC, Place


@dataclass(frozen=True)
class Call:
    """One request to make. `signed_in`: with the cookie of a session that every workspace has."""

    number: int
    act: Act
    here: Place
    there: Place
    signed_in: bool

    @property
    def path(self) -> str:
        return f"/acts/{self.act.name}/"

    @property
    def query(self) -> str:
        return urlencode({"number": self.number, "there": self.there.name})


def calls(seed: int, many: int, places: dict[str, Place]) -> list[Call]:
    """`many` requests: acts by their weight, workspaces at random, public's host now and then."""
    dice = random.Random(seed)
    workspaces = [place for place in places.values() if place.ref]
    acts = list(ACTS.values())
    chosen = dice.choices(acts, [act.weight for act in acts], k=many)
    made = []
    for number, act in enumerate(chosen):
        here, there = dice.sample(workspaces, 2)
        if act.anywhere and dice.random() < 0.05:
            here = places[PUBLIC]
        elif dice.random() < 0.1:
            there = places[PUBLIC]
        made.append(Call(number, act, here, there, dice.random() < 0.15))
    return made
