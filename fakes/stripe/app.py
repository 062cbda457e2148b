"""The fake as one ASGI application without a framework: the API, the hosted pages and the control interface."""

import asyncio
import contextlib
import json
import traceback
from pathlib import Path
from typing import Any

from fakes.stripe import control, pages
from fakes.stripe.api import VERSION, Api
from fakes.stripe.billing import timeline
from fakes.stripe.deliveries import Deliveries
from fakes.stripe.storage import load, save
from fakes.stripe.typed import problems
from fakes.stripe.wire import Answer, Receive, Request, Scope, Send, as_json, read, send_answer
from fakes.stripe.world import Object, World

TICK = 1.0


class App:
    """`base`: the address people and objects see; `state`: a file that survives restarts; `token`: opens the control
    to others than this machine."""

    def __init__(self, base: str, *, state: Path | None = None, token: str = "", checked: bool = True) -> None:
        self.state, self.token = state, token
        self.world = World(base)
        self.world.settings["api_version"] = VERSION
        self.api = Api(self.world, checked=checked)
        self.deliveries = Deliveries(self.world)
        self.world.on_event = self._on_event
        self._dirty = False
        self._tasks: list[asyncio.Task[None]] = []
        if state and state.exists():
            load(self.world, self.deliveries, state)

    def _on_event(self, event: Object) -> None:
        if self.api.checked:
            self.api.violations += problems(event)
        self.deliveries.add(event)

    def reset(self) -> None:
        """Reset the fake to its initial state."""
        fresh = World(self.world.base)
        for name in ("objects", "kinds", "hidden", "settings", "offset", "stepping", "idempotent", "next_payments"):
            setattr(self.world, name, getattr(fresh, name))
        self.world.settings["api_version"] = VERSION
        self.deliveries.all.clear()
        self.deliveries.hold = False
        self.api.faults.clear()
        self.api.calls.clear()
        self.api.violations.clear()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._lifespan(receive, send)
        request = await read(scope, receive)
        try:
            answer = await self._answer(request)
        except Exception as error:
            traceback.print_exc()
            self.api.violations.append(f"{request.method} {request.path}: {error!r}")
            answer = as_json({"error": {"type": "api_error", "message": f"The fake is broken: {error!r}"}}, 500)
        self._dirty = self._dirty or request.method != "GET"
        await send_answer(send, answer)

    async def _answer(self, request: Request) -> Answer:
        if request.path.startswith("/v1/"):
            return self.api.answer(request)
        if request.path.startswith("/_fake"):
            return await control.answer(self, request)
        timeline.run_to(self.world, None, self.world.now())
        return pages.answer(self.world, request)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._tasks = [asyncio.create_task(self.deliveries.work()), asyncio.create_task(self._tick())]
            else:
                await self._stop()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _stop(self) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._save()

    async def _tick(self) -> None:
        """Run due events and save the state periodically, also without requests."""
        while True:
            await asyncio.sleep(TICK)
            if timeline.run_to(self.world, None, self.world.now()) or self._dirty:
                self._dirty = True
                self._save()

    def _save(self) -> None:
        if self.state and self._dirty:
            save(self.world, self.deliveries, self.state)
        self._dirty = False

    def dump(self) -> dict[str, Any]:
        """The whole state, for tests."""
        world = self.world
        return json.loads(json.dumps({"objects": world.objects, "hidden": world.hidden, "settings": world.settings}))
