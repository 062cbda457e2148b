"""Stores the state as one JSON file, written atomically."""

import json
from pathlib import Path

from fakes.stripe.deliveries import Deliveries
from fakes.stripe.world import World

PARTS = ("objects", "hidden", "settings", "offset", "idempotent", "next_payments")


def save(world: World, deliveries: Deliveries, path: Path) -> None:
    state = {name: getattr(world, name) for name in PARTS} | {"deliveries": deliveries.all[-2000:]}
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(json.dumps(state, ensure_ascii=False))
    fresh.replace(path)


def load(world: World, deliveries: Deliveries, path: Path) -> None:
    """Load the state; links are changed to the present URL, since the port may differ."""
    state = json.loads(path.read_text())
    deliveries.all = state.pop("deliveries")
    for name, value in state.items():
        setattr(world, name, {**world.settings, **value} if name == "settings" else value)
    world.index()
    _move(world)


def _move(world: World) -> None:
    for thing in world.objects.values():
        for key in ("url", "hosted_invoice_url", "invoice_pdf", "receipt_url", "pdf"):
            value = thing.get(key)
            if thing["object"] != "webhook_endpoint" and isinstance(value, str) and "://" in value:
                path = value.split("://", 1)[1].partition("/")[2]
                thing[key] = f"{world.base}/{path}"
