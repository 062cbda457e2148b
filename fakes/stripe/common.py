"""What several resources do alike: lists, metadata, addresses."""

from collections.abc import Iterable
from typing import Any

from fakes.stripe.errors import invalid, unsimulated
from fakes.stripe.routing import Call
from fakes.stripe.world import Object

LIST = "limit starting_after ending_before created"
ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def listing(call: Call, things: Iterable[Object], url: str = "") -> Object:
    """A page of a list, newest first, by `limit`, `starting_after` and `ending_before`, `created` filtered."""
    newest = newest_first(thing for thing in things if _within(thing, call.params.get("created")))
    limit = call.params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("Invalid integer: limit must be between 1 and 100", "limit")
    if after := call.params.get("starting_after"):
        newest = newest[_place(newest, after, "starting_after") + 1 :]
    before = call.params.get("ending_before")
    if before:
        newest = newest[: _place(newest, before, "ending_before")]
    part = newest[-limit:] if before else newest[:limit]
    return as_list([call.world.render(thing) for thing in part], url or call.path, more=len(newest) > limit)


def as_list(data: list[Object], url: str, *, more: bool = False) -> Object:
    return {"object": "list", "data": data, "has_more": more, "url": url}


def newest_first(things: Iterable[Object]) -> list[Object]:
    """In the order in which they came, the last first: test clocks make dates useless for it."""
    return list(things)[::-1]


def _place(things: list[Object], id_: str, param: str) -> int:
    for index, thing in enumerate(things):
        if thing["id"] == id_:
            return index
    raise invalid(f"No such object: '{id_}'", param, "resource_missing")


def _within(thing: Object, wanted: Any) -> bool:
    created = int(thing.get("created") or 0)
    if not wanted:
        return True
    if isinstance(wanted, int):
        return created == wanted
    bounds = {"gt": created.__gt__, "gte": created.__ge__, "lt": created.__lt__, "lte": created.__le__}
    return all(bounds[name](value) for name, value in wanted.items())


def metadata(old: dict[str, str] | None, new: Any) -> dict[str, str]:
    """Merged as Stripe does: an empty value takes a key away, an empty string takes all away."""
    if new is None:
        return dict(old or {})
    merged = {**(old or {}), **new} if new else {}
    return {key: value for key, value in merged.items() if value != ""}


def take(thing: Object, params: dict[str, Any], names: str) -> None:
    """Sets these fields where they were given; an empty string says null."""
    for name in names.split():
        if name in params:
            thing[name] = None if params[name] == "" else params[name]
    if "metadata" in params:
        thing["metadata"] = metadata(thing.get("metadata"), params["metadata"])


def address(values: Any) -> dict[str, Any] | None:
    return {name: values.get(name) or None for name in ADDRESS} if values else None


def only(values: dict[str, Any], known: str, where: str) -> dict[str, Any]:
    """Refuses parts of a nested parameter that are not simulated."""
    for name in values:
        if name not in known.split():
            raise unsimulated(f"{where}[{name}]")
    return values


def deleted(thing: Object) -> Object:
    return {"id": thing["id"], "object": thing["object"], "deleted": True}
