"""What time does: each step that is due, in order, until a moment."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from fakes.stripe.billing import invoices, payments, pending, previews, renewals, subscriptions
from fakes.stripe.world import DAY, Object, World

Step = Callable[[World, Object], object]


class Due(NamedTuple):
    at: int
    rank: int
    thing: Object
    step: Step


def advance(world: World, clock: str | None, until: int) -> int:
    """Runs everything due until then on one test clock (None: for those who have none); gives the number of steps."""
    done = 0
    while (due := _next(world, clock, until)) is not None:
        _set(world, clock, max(due.at, world.now(clock)))
        due.step(world, due.thing)
        done += 1
    return done


def _set(world: World, clock: str | None, moment: int) -> None:
    if clock:
        world.objects[clock]["frozen_time"] = moment
    else:
        world.stepping = moment


def run_to(world: World, clock: str | None, until: int) -> int:
    """As `advance`, and it is `until` afterwards."""
    if clock:
        done = advance(world, clock, until)
        world.objects[clock]["frozen_time"] = until
        return done
    # Steps take place at their own times, between the last time somebody looked and now.
    try:
        return advance(world, None, until)
    finally:
        world.stepping = None


def _next(world: World, clock: str | None, until: int) -> Due | None:
    due_steps = [due for due in _all(world) if due.at <= until and world.clock_of(due.thing) == clock]
    return min(due_steps, key=lambda due: (due.at, due.rank), default=None)


def _all(world: World) -> Iterator[Due]:
    for subscription in world.all("subscription"):
        yield from _of_subscription(world, subscription)
    for invoice in world.all("invoice"):
        if invoice["status"] == "draft" and invoice["automatically_finalizes_at"] and invoice["auto_advance"]:
            yield Due(invoice["automatically_finalizes_at"], 1, invoice, _finalise)
        if invoice["status"] == "open" and invoice["next_payment_attempt"]:
            yield Due(invoice["next_payment_attempt"], 2, invoice, _retry)
    for paid in world.find("payment_intent", status="processing"):
        yield Due(world.keep(paid["id"])["settle_at"], 0, paid, payments.settle)
    for session in world.find("checkout.session", status="open"):
        yield Due(session["expires_at"], 3, session, expire_session)


def _of_subscription(world: World, subscription: Object) -> Iterator[Due]:
    status, hidden = subscription["status"], world.keep(subscription["id"])
    if status in subscriptions.OVER:
        return
    if waits := subscription["pending_update"]:
        yield Due(waits["expires_at"], 1, subscription, pending.drop)
    if status == "incomplete":
        yield Due(subscription["created"] + world.settings["incomplete_hours"] * 3600, 4, subscription, _expire)
        return
    if subscription["cancel_at"]:
        yield Due(subscription["cancel_at"], 3, subscription, _end)
    if status == "paused":
        return
    due_steps = subscriptions.items_of(world, subscription)
    end = min(item["current_period_end"] for item in due_steps)
    if subscription["cancel_at"] and subscription["cancel_at"] <= end:
        return
    warned = hidden.setdefault("warned", [])
    if status == "trialing" and end not in warned:
        early = end - world.settings["trial_will_end_days"] * DAY
        yield Due(max(early, subscription["created"]), 5, subscription, _warn)
    elif end not in warned and not subscription["cancel_at_period_end"]:
        yield Due(end - world.settings["upcoming_days"] * DAY, 5, subscription, _announce)
    yield Due(end, 4, subscription, renewals.renew)


def _warn(world: World, subscription: Object) -> None:
    _remember(world, subscription)
    world.emit("customer.subscription.trial_will_end", subscription)


def _announce(world: World, subscription: Object) -> None:
    _remember(world, subscription)
    if not world.muted:
        world.emit("invoice.upcoming", previews.upcoming(world, subscription), rendered=True)


def _remember(world: World, subscription: Object) -> None:
    end = min(item["current_period_end"] for item in subscriptions.items_of(world, subscription))
    world.keep(subscription["id"])["warned"] = [end]


def _end(world: World, subscription: Object) -> None:
    subscriptions.cancel(world, subscription, at=subscription["cancel_at"])


def _expire(world: World, subscription: Object) -> None:
    subscriptions.expire(world, subscription)


def _finalise(world: World, invoice: Object) -> None:
    invoices.finalise(world, invoice)
    if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
        payments.pay(world, invoice)


def _retry(world: World, invoice: Object) -> None:
    invoice["next_payment_attempt"] = None
    payments.pay(world, invoice)


def expire_session(world: World, session: Object) -> None:
    session |= {"status": "expired", "url": None}
    world.emit("checkout.session.expired", session)
