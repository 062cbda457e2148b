"""Everything the fake knows, in memory: objects in the form Stripe shows them, and what it keeps to itself.

Time: without a test clock, real time plus `offset` seconds; with one, the clock's `frozen_time`. Timestamps are Unix
seconds, amounts are cents.
"""

import copy
import secrets
import string
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fakes.stripe.errors import missing

Object = dict[str, Any]
DAY = 86400
# Seconds since 1970 of our time; no amount is as large.
MOMENTS = range(1_500_000_000, 3_000_000_000)
# What one sets in Stripe's dashboard. Days, hours and seconds as their names say.
SETTINGS: dict[str, Any] = {
    "retry_days": [3, 5, 7],
    "dunning_end": "unpaid",
    "finalisation_seconds": 3600,
    "upcoming_days": 7,
    "trial_will_end_days": 3,
    "incomplete_hours": 23,
    "sepa_days": 5,
    "checkout_hours": 24,
    # False: as Stripe's documentation has it, a checkout takes prices of one rhythm.
    "delivery_delays": [0.2, 1.0, 5.0, 30.0],
    "api_version": "",
    "account_country": "FR",
    "account_name": "Stripe simulé",
    "currency": "eur",
}
_LETTERS = string.ascii_letters + string.digits
PREFIXES = {
    "account": "acct_1",
    "billing_portal.configuration": "bpc_1",
    "billing_portal.session": "bps_1",
    "balance_transaction": "txn_3",
    "charge": "ch_3",
    "checkout.session": "cs_test_a1",
    "coupon": "",
    "credit_note": "cn_1",
    "credit_note_line_item": "cnli_1",
    "customer": "cus_",
    "customer_balance_transaction": "cbtxn_1",
    "discount": "di_1",
    "event": "evt_1",
    "invoice": "in_1",
    "invoice_payment": "inpay_1",
    "invoiceitem": "ii_1",
    "item": "li_1",
    "line_item": "il_1",
    "mandate": "mandate_1",
    "payment_intent": "pi_3",
    "payment_method": "pm_1",
    "price": "price_1",
    "product": "prod_",
    "promotion_code": "promo_1",
    "refund": "re_3",
    "setup_intent": "seti_1",
    "subscription": "sub_1",
    "subscription_item": "si_",
    "tax_id": "txi_1",
    "tax_rate": "txr_1",
    "test_helpers.test_clock": "clock_1",
    "webhook_endpoint": "we_1",
}
_SHORT = {"customer": 14, "product": 14, "subscription_item": 14, "coupon": 8}
# What no preview of an invoice looks at.
UNTOUCHED = ("event", "charge", "balance_transaction", "checkout.session", "refund", "billing_portal.session")
RENDER: dict[str, Callable[["World", Object], Object]] = {}


def token(length: int = 24) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


class World:
    """Objects by id and by kind, settings, time, events and what is to be delivered."""

    def __init__(self, base: str = "") -> None:
        self.base = base
        self.objects: dict[str, Object] = {}
        self.kinds: dict[str, dict[str, Object]] = {}
        self.hidden: dict[str, dict[str, Any]] = {}
        self.settings: dict[str, Any] = copy.deepcopy(SETTINGS)
        self.offset = 0
        self.stepping: int | None = None
        self.idempotent: dict[str, list[Any]] = {}
        self.next_payments: list[str] = []
        self.request: dict[str, Any] | None = None
        self.on_event: Callable[[Object], None] = lambda event: None
        self.muted = False

    # Time

    def now(self, clock: str | None = None) -> int:
        """Seconds, on this test clock or, without one, for everybody else."""
        if clock and clock in self.objects:
            return int(self.objects[clock]["frozen_time"])
        return self.stepping if self.stepping is not None else int(time.time()) + self.offset

    def clock_of(self, thing: Object) -> str | None:
        """The test clock that an object, or its customer, lives on."""
        if "test_clock" in thing:
            return thing["test_clock"]
        owner = self.objects.get(str(thing.get("customer") or thing.get("invoice") or ""))
        return owner.get("test_clock") if owner else None

    def now_for(self, thing: Object) -> int:
        return self.now(self.clock_of(thing))

    # Objects

    def new_id(self, kind: str) -> str:
        return PREFIXES[kind] + token(_SHORT.get(kind, 23))

    def add(self, thing: Object) -> Object:
        self.objects[thing["id"]] = thing
        self.kinds.setdefault(thing["object"], {})[thing["id"]] = thing
        return thing

    def drop(self, thing: Object) -> None:
        del self.objects[thing["id"]]
        del self.kinds[thing["object"]][thing["id"]]

    def all(self, kind: str) -> list[Object]:
        """Oldest first."""
        return list(self.kinds.get(kind, {}).values())

    def get(self, kind: str, id_: str, param: str = "id") -> Object:
        """Raises Stripe's `resource_missing`: 404 in an address, 400 in a parameter."""
        objects = self.kinds.get(kind, {}).get(id_)
        if objects is None:
            raise missing(kind, id_, param, 404 if param == "id" else 400)
        return objects

    def find(self, kind: str, **wanted: Any) -> list[Object]:
        return [thing for thing in self.all(kind) if all(thing.get(key) == value for key, value in wanted.items())]

    def keep(self, id_: str) -> dict[str, Any]:
        """What the fake knows of an object and does not show."""
        return self.hidden.setdefault(id_, {})

    def render(self, thing: Object) -> Object:
        """As it is answered: a copy, with what Stripe embeds in it."""
        make = RENDER.get(thing["object"])
        return make(self, thing) if make else copy.deepcopy(thing)

    # Events

    def emit(self, kind: str, thing: Object, previous: Object | None = None, *, rendered: bool = False) -> None:
        """`previous`: what has changed; `rendered`: the object is already as it is shown."""
        if self.muted:
            return
        data = {"object": copy.deepcopy(thing) if rendered else self.render(thing)}
        if previous is not None:
            data["previous_attributes"] = previous
        event = {
            "id": self.new_id("event"),
            "object": "event",
            "api_version": self.settings["api_version"],
            "created": self.now_for(thing),
            "data": data,
            "livemode": False,
            "pending_webhooks": 0,
            "request": self.request or {"id": None, "idempotency_key": None},
            "type": kind,
        }
        self.add(event)
        self.on_event(event)

    @contextmanager
    def changing(self, thing: Object, kind: str) -> Iterator[Object]:
        """Says afterwards, in one event of this kind, what has changed; says nothing when nothing has."""
        before = self.render(thing)
        yield thing
        if previous := difference(before, self.render(thing)):
            self.emit(kind, thing, previous)

    def move_back(self, seconds: int) -> None:
        """Everything that has a moment has it so much earlier."""
        for things in (self.objects, self.hidden):
            for key, thing in things.items():
                things[key] = _earlier(thing, seconds)
        self.index()

    # All or nothing

    def copied(self, customer: str | None = None) -> "World":
        """A world to try things in: it tells nobody, and knows of customers only this one."""
        other = World(self.base)
        mine = {key: value for key, value in self.objects.items() if self._concerns(value, customer)}
        other.objects = copy.deepcopy(mine)
        # What is kept of an invoice's lines goes by the lines' own ids.
        lines = {
            line["id"] for entry in mine.values() if entry["object"] == "invoice" for line in entry["lines"]["data"]
        }
        other.hidden = {key: copy.deepcopy(self.hidden[key]) for key in {*mine, *lines} & self.hidden.keys()}
        other.settings, other.offset, other.stepping = self.settings, self.offset, self.stepping
        other.next_payments = list(self.next_payments)
        other.muted = True
        other.index()
        return other

    def _concerns(self, thing: Object, customer: str | None) -> bool:
        if thing["object"] in UNTOUCHED:
            return False
        owner = thing.get("customer") or (self.objects.get(thing.get("subscription") or "") or {}).get("customer")
        return thing["id"] == customer or (thing["object"] != "customer" and owner in (None, customer))

    def index(self) -> None:
        self.kinds = {}
        for id_, thing in self.objects.items():
            self.kinds.setdefault(thing["object"], {})[id_] = thing

    @contextmanager
    def undone_on_error(self) -> Iterator[None]:
        """Whatever is raised inside leaves no trace, except deliveries already made."""
        objects = {key: _copy_of(value) for key, value in self.objects.items()}
        hidden = copy.deepcopy(self.hidden)
        on_event, events = self.on_event, []
        self.on_event = events.append
        try:
            yield
        except Exception:
            self.objects, self.hidden = objects, hidden
            self.index()
            raise
        else:
            for event in events:
                on_event(event)
        finally:
            self.on_event = on_event


def _earlier(value: Any, seconds: int) -> Any:
    if isinstance(value, dict):
        return {key: _earlier(inner, seconds) for key, inner in value.items()}
    if isinstance(value, list):
        return [_earlier(inner, seconds) for inner in value]
    is_moment = isinstance(value, int) and not isinstance(value, bool) and value in MOMENTS
    return value - seconds if is_moment else value


def _copy_of(thing: Object) -> Object:
    # Events are shared: one that is delivered in the meantime must keep its state.
    return thing if thing["object"] == "event" else copy.deepcopy(thing)


def difference(before: Object, after: Object) -> Object:
    """What was there before, where it changed: as `previous_attributes`."""
    changed: Object = {}
    for key in [*before, *(key for key in after if key not in before)]:
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        both = isinstance(old, dict) and isinstance(new, dict) and old.get("object") != "list"
        changed[key] = difference(old, new) if both else old
    return changed
