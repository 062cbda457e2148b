"""`/_fake/…`: what a test, or somebody trying by hand, does to the fake itself. JSON in, JSON out.

GET  health · calls · state · violations · clock · settings · deliveries[?state=held]
POST reset · settings {name: value} · endpoint {url, events?, secret?}
     clock {advance: seconds | to: seconds since 1970, clock?: test clock}
     age {days}: time passes as for `clock`, then all that is there moves back by as much, so that what was to come
         is past, and it is now: what a platform that lives in real time needs to see periods end
     payments {next: ["ok", "insufficient_funds", "authenticate", "pending", "pending_fail", …]}
     hold · release {ids?} · take: what is held, body and headers, for a test that posts it itself
     deliver {ids, forged?, age?}: now, in this order; the same id twice is delivered twice
     drop {ids} · delay {ids, seconds} · replay {event} · emit {type, object} · sign {body, secret, age?}
     fail {path?, method?, status?, times?, after?, retry?}: the next requests fail; after: once they are done
     settled: waits until nothing is queued
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from fakes.stripe import pages
from fakes.stripe.billing import ageing, timeline
from fakes.stripe.deliveries import Delivery, signature
from fakes.stripe.errors import StripeError
from fakes.stripe.resources import webhook_endpoints
from fakes.stripe.wire import Answer, Request, as_json, redirect
from fakes.stripe.world import token

if TYPE_CHECKING:
    from fakes.stripe.app import App

Body = dict[str, Any]
Handler = Callable[["App", Body], Awaitable[Any]]
LOOPBACK = ("127.0.0.1", "::1", "")


async def answer(app: "App", request: Request) -> Answer:
    if request.client not in LOOPBACK and (not app.token or request.headers.get("x-fake-token") != app.token):
        return as_json({"error": "only from this machine, or with its token"}, 403)
    name = request.path.removeprefix("/_fake").strip("/")
    if not name:
        return await _page(app, request)
    handler = HANDLERS.get(name)
    if handler is None:
        return as_json({"error": f"no {name} here", "known": sorted(HANDLERS)}, 404)
    body = request.json() if request.method == "POST" else {}
    try:
        return as_json(await handler(app, {**request.args, **body}))
    except StripeError as error:
        return as_json(error.body(""), error.status)


async def _page(app: "App", request: Request) -> Answer:
    """What is there, and the clock to turn, for somebody who tries by hand."""
    if request.method == "POST":
        form = request.form
        if form.get("advance"):
            await _age(app, {"days": float(form["advance"])})
        if "next" in form:
            app.world.next_payments = [form["next"]] if form["next"] else []
        return redirect("/_fake/")
    return pages.overview(app.world, app.deliveries.all)


async def _clock(app: "App", body: Body) -> Body:
    """How many steps were due, and what time it is then."""
    world, clock = app.world, body.get("clock")
    now, steps = world.now(clock), 0
    if "advance" in body or "to" in body:
        until = int(body.get("to") or now + body["advance"])
        steps = timeline.run_to(world, clock, until)
        if not clock:
            world.offset += until - now
    return {"now": world.now(clock), "offset": world.offset, "steps": steps}


async def _age(app: "App", body: Body) -> Body:
    world, seconds = app.world, int(float(body["days"]) * 86400)
    steps = timeline.run_to(world, None, world.now() + seconds)
    ageing.move_back(world, seconds)
    return {"now": world.now(), "steps": steps}


async def _settings(app: "App", body: Body) -> Body:
    unknown = body.keys() - app.world.settings.keys()
    if unknown:
        return {"error": f"unknown: {sorted(unknown)}"}
    app.world.settings |= body
    return app.world.settings


async def _endpoint(app: "App", body: Body) -> Body:
    secret = body.get("secret") or f"whsec_{token(32)}"
    endpoint = webhook_endpoints.make(app.world, body["url"], body.get("events") or ["*"], secret)
    return {**endpoint, "secret": secret}


async def _payments(app: "App", body: Body) -> Body:
    if "next" in body:
        app.world.next_payments = list(body["next"])
    return {"next": app.world.next_payments}


async def _hold(app: "App", _body: Body) -> Body:
    app.deliveries.hold = True
    return {"hold": True}


async def _release(app: "App", body: Body) -> Body:
    if "ids" not in body:
        app.deliveries.hold = False
    app.deliveries.release(body.get("ids"))
    return {"hold": app.deliveries.hold}


def _chosen(app: "App", body: Body) -> list[Delivery]:
    deliveries = [app.deliveries.find(id_) for id_ in body["ids"]]
    if None in deliveries:
        raise StripeError(404, "invalid_request_error", "no such delivery")
    return [delivery for delivery in deliveries if delivery]


async def _take(app: "App", _arguments: Body) -> list[Body]:
    taken = []
    for delivery in app.deliveries.all:
        if delivery["state"] == "held":
            delivery["state"] = "taken"
            body, headers = app.deliveries.prepared(delivery)
            taken.append({**delivery, "body": body, "headers": headers})
    return taken


async def _deliver(app: "App", body: Body) -> list[Body]:
    options = {"forged": bool(body.get("forged")), "age": float(body.get("age", 0))}
    return [{**await app.deliveries.send(delivery, **options), "id": delivery["id"]} for delivery in _chosen(app, body)]


async def _drop(app: "App", body: Body) -> Body:
    for delivery in _chosen(app, body):
        delivery["state"] = "dropped"
    return {"dropped": len(body["ids"])}


async def _delay(app: "App", body: Body) -> Body:
    for delivery in _chosen(app, body):
        app.deliveries.queue(delivery, float(body["seconds"]))
    return {"delayed": len(body["ids"])}


async def _replay(app: "App", body: Body) -> list[Body]:
    """Delivers an old event again, to all who listen now."""
    return list(app.deliveries.add(app.world.get("event", body["event"])))


async def _emit(app: "App", body: Body) -> Body:
    """An event that the fake does not make by itself, of an object it has (by id) or that is given."""
    thing = body["object"]
    known = isinstance(thing, str)
    app.world.emit(body["type"], app.world.objects[thing] if known else thing, rendered=not known)
    return app.world.all("event")[-1]


async def _sign(_app: "App", body: Body) -> Body:
    moment = int(time.time() - body.get("age", 0))
    return {"Stripe-Signature": signature(body["body"], body["secret"], moment)}


async def _fail(app: "App", body: Body) -> Body:
    app.api.faults.append({"times": 1, **body})
    return {"faults": app.api.faults}


async def _settled(app: "App", body: Body) -> Body:
    until = time.monotonic() + float(body.get("seconds", 10))
    while app.deliveries.pending and time.monotonic() < until:
        await asyncio.sleep(0.01)
    return {"pending": app.deliveries.pending}


async def _reset(app: "App", _body: Body) -> Body:
    app.reset()
    return {"ok": True}


async def _deliveries(app: "App", body: Body) -> list[Body]:
    return [delivery for delivery in app.deliveries.all if body.get("state") in (None, delivery["state"])]


async def _health(_app: "App", _body: Body) -> Body:
    return {"ok": True}


async def _calls(app: "App", _body: Body) -> list[Body]:
    return list(app.api.calls)


async def _state(app: "App", _body: Body) -> Body:
    return app.dump()


async def _violations(app: "App", _body: Body) -> list[str]:
    return app.api.violations


HANDLERS: dict[str, Handler] = {
    "age": _age,
    "calls": _calls,
    "clock": _clock,
    "delay": _delay,
    "deliver": _deliver,
    "deliveries": _deliveries,
    "drop": _drop,
    "emit": _emit,
    "endpoint": _endpoint,
    "fail": _fail,
    "health": _health,
    "hold": _hold,
    "payments": _payments,
    "release": _release,
    "replay": _replay,
    "reset": _reset,
    "settings": _settings,
    "settled": _settled,
    "sign": _sign,
    "state": _state,
    "take": _take,
    "violations": _violations,
}
