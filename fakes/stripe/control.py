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

Given = dict[str, Any]
Handler = Callable[["App", Given], Awaitable[Any]]
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
    given = request.json() if request.method == "POST" else {}
    try:
        return as_json(await handler(app, {**request.args, **given}))
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


async def _clock(app: "App", given: Given) -> Given:
    """How many steps were due, and what time it is then."""
    world, clock = app.world, given.get("clock")
    now, steps = world.now(clock), 0
    if "advance" in given or "to" in given:
        until = int(given.get("to") or now + given["advance"])
        steps = timeline.run_to(world, clock, until)
        if not clock:
            world.offset += until - now
    return {"now": world.now(clock), "offset": world.offset, "steps": steps}


async def _age(app: "App", given: Given) -> Given:
    world, seconds = app.world, int(float(given["days"]) * 86400)
    steps = timeline.run_to(world, None, world.now() + seconds)
    ageing.move_back(world, seconds)
    return {"now": world.now(), "steps": steps}


async def _settings(app: "App", given: Given) -> Given:
    unknown = given.keys() - app.world.settings.keys()
    if unknown:
        return {"error": f"unknown: {sorted(unknown)}"}
    app.world.settings |= given
    return app.world.settings


async def _endpoint(app: "App", given: Given) -> Given:
    secret = given.get("secret") or f"whsec_{token(32)}"
    made = webhook_endpoints.make(app.world, given["url"], given.get("events") or ["*"], secret)
    return {**made, "secret": secret}


async def _payments(app: "App", given: Given) -> Given:
    if "next" in given:
        app.world.next_payments = list(given["next"])
    return {"next": app.world.next_payments}


async def _hold(app: "App", _given: Given) -> Given:
    app.deliveries.hold = True
    return {"hold": True}


async def _release(app: "App", given: Given) -> Given:
    if "ids" not in given:
        app.deliveries.hold = False
    app.deliveries.release(given.get("ids"))
    return {"hold": app.deliveries.hold}


def _chosen(app: "App", given: Given) -> list[Delivery]:
    found = [app.deliveries.find(id_) for id_ in given["ids"]]
    if None in found:
        raise StripeError(404, "invalid_request_error", "no such delivery")
    return [one for one in found if one]


async def _take(app: "App", given: Given) -> list[Given]:
    made = []
    for one in app.deliveries.all:
        if one["state"] == "held":
            one["state"] = "taken"
            body, headers = app.deliveries.prepared(one)
            made.append({**one, "body": body, "headers": headers})
    return made


async def _deliver(app: "App", given: Given) -> list[Given]:
    options = {"forged": bool(given.get("forged")), "age": float(given.get("age", 0))}
    return [{**await app.deliveries.send(one, **options), "id": one["id"]} for one in _chosen(app, given)]


async def _drop(app: "App", given: Given) -> Given:
    for one in _chosen(app, given):
        one["state"] = "dropped"
    return {"dropped": len(given["ids"])}


async def _delay(app: "App", given: Given) -> Given:
    for one in _chosen(app, given):
        app.deliveries.queue(one, float(given["seconds"]))
    return {"delayed": len(given["ids"])}


async def _replay(app: "App", given: Given) -> list[Given]:
    """Delivers an old event again, to all who listen now."""
    return list(app.deliveries.add(app.world.get("event", given["event"])))


async def _emit(app: "App", given: Given) -> Given:
    """An event that the fake does not make by itself, of an object it has (by id) or that is given."""
    thing = given["object"]
    known = isinstance(thing, str)
    app.world.emit(given["type"], app.world.objects[thing] if known else thing, rendered=not known)
    return app.world.all("event")[-1]


async def _sign(_app: "App", given: Given) -> Given:
    moment = int(time.time() - given.get("age", 0))
    return {"Stripe-Signature": signature(given["body"], given["secret"], moment)}


async def _fail(app: "App", given: Given) -> Given:
    app.api.faults.append({"times": 1, **given})
    return {"faults": app.api.faults}


async def _settled(app: "App", given: Given) -> Given:
    until = time.monotonic() + float(given.get("seconds", 10))
    while app.deliveries.pending and time.monotonic() < until:
        await asyncio.sleep(0.01)
    return {"pending": app.deliveries.pending}


async def _reset(app: "App", _given: Given) -> Given:
    app.reset()
    return {"ok": True}


async def _deliveries(app: "App", given: Given) -> list[Given]:
    return [one for one in app.deliveries.all if given.get("state") in (None, one["state"])]


async def _health(_app: "App", _given: Given) -> Given:
    return {"ok": True}


async def _calls(app: "App", _given: Given) -> list[Given]:
    return list(app.api.calls)


async def _state(app: "App", _given: Given) -> Given:
    return app.dump()


async def _violations(app: "App", _given: Given) -> list[str]:
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
