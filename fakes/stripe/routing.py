"""The table of endpoints, and one request as its handler sees it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import stripe.params
import stripe.params.billing_portal
import stripe.params.checkout
import stripe.params.test_helpers

from fakes.stripe.world import Object, World

_COMMON = {"expand"}


@dataclass
class Call:
    """One request: `args` from its address, `params` typed by the SDK, `given` the same as it came."""

    world: World
    args: dict[str, str]
    params: dict[str, Any]
    path: str
    base: str

    def object(self, kind: str, arg: str = "id") -> Object:
        return self.world.get(kind, self.args[arg])


@dataclass(eq=False)
class Route:
    """`params`: the SDK's TypedDict; `takes`: what is simulated of it; `ignores`: what is read and changes nothing.

    Any other parameter that Stripe knows is refused as not simulated.
    """

    method: str
    path: str
    handler: Callable[[Call], Object]
    params: str = ""
    takes: str = ""
    ignores: str = ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", self.path) + "$")

    @cached_property
    def shape(self) -> type | None:
        if not self.params:
            return None
        module, _dot, name = self.params.rpartition(".")
        source = getattr(stripe.params, module) if module else stripe.params
        return getattr(source, name)

    @property
    def known(self) -> set[str]:
        return {*self.takes.split(), *self.ignores.split(), *_COMMON}
