"""A year in the lives of many subscribers, as Stripe would say it, and what it comes to, counted apart.

The counting here shares nothing with the platform's: fractions, from what the subscriber bought.
"""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import stripe

from plans.seeds import ADD_ONS, PLANS

DAY = timedelta(days=1)
MONTH = {code: row[1] for code, row in PLANS.items()}
YEAR = {code: row[2] for code, row in PLANS.items()}
OPTION = {code: row[1] for code, row in ADD_ONS.items()}
COUPONS = (
    {"percent_off": 20.0, "duration": "forever"},
    {"percent_off": 33.33, "duration": "forever"},
    {"percent_off": 100.0, "duration": "repeating", "duration_in_months": 2},
    {"percent_off": 50.0, "duration": "repeating", "duration_in_months": 3},
    {"percent_off": 12.5, "duration": "repeating", "duration_in_months": 13},
    {"percent_off": 10.0, "duration": "repeating", "duration_in_months": 12},
    {"percent_off": 25.0, "duration": "repeating", "duration_in_months": 1},
    {"percent_off": 50.0, "duration": "once"},
    {"amount_off": 1500, "duration": "forever"},
    {"amount_off": 12345, "duration": "repeating", "duration_in_months": 4},
    {"amount_off": 5000, "duration": "once"},
)


@dataclass
class Life:
    """One subscriber. `status` is Stripe's; "" before it ever subscribed. `run`: which subscription of its."""

    number: int
    status: str = ""
    plan: str = "starter"
    yearly: bool = False
    options: dict[str, int] = field(default_factory=dict)
    discount: dict[str, Any] | None = None
    discount_ends: datetime | None = None
    is_deleted: bool = False
    run: int = 0

    def at_stripe(self) -> stripe.Subscription:
        """What a list of subscriptions would answer, with its coupons opened."""
        plan = _item((YEAR if self.yearly else MONTH)[self.plan], 1, "year" if self.yearly else "month")
        items = [plan, *(_item(OPTION[code], count, "month") for code, count in self.options.items())]
        said = {
            "object": "subscription",
            "id": f"sub_{self.number}",
            "status": self.status,
            "items": {"object": "list", "data": items},
            "discounts": [_discount(self.discount, self.discount_ends)] if self.discount else [],
        }
        return stripe.Subscription.construct_from(said, "sk_test")

    def euros(self, now: datetime) -> Fraction:
        """What it brings a month, to the cent."""
        if self.is_deleted or self.status not in ("active", "past_due"):
            return Fraction()
        plan = Fraction(YEAR[self.plan], 12) if self.yearly else Fraction(MONTH[self.plan])
        options = Fraction(sum(OPTION[code] * count for code, count in self.options.items()))
        coupon = self.discount or {"duration": "once"}
        if coupon["duration"] == "once" or (self.discount_ends and now >= self.discount_ends):
            return _to_the_cent(plan + options)
        months = coupon.get("duration_in_months", 999)
        takes_plan, takes_options = months > (12 if self.yearly else 1), months > 1
        if "percent_off" in coupon:
            left = 1 - Fraction(str(coupon["percent_off"])) / 100
            return _to_the_cent(plan * (left if takes_plan else 1) + options * (left if takes_options else 1))
        off = Fraction(coupon["amount_off"], 100)
        if not self.yearly:
            return _to_the_cent(max(plan + options - (off if takes_plan else 0), Fraction()))
        if options:
            return _to_the_cent(plan + max(options - (off if takes_options else 0), Fraction()))
        return _to_the_cent(max(plan - (off / 12 if takes_plan else 0), Fraction()))


def _to_the_cent(euros: Fraction) -> Fraction:
    cents, rest = divmod(euros.numerator * 100, euros.denominator)
    return Fraction(cents + (1 if 2 * rest >= euros.denominator else 0), 100)


def _item(euros: int, quantity: int, interval: str) -> dict[str, Any]:
    recurring = {"interval": interval, "interval_count": 1, "usage_type": "licensed"}
    price = {"object": "price", "currency": "eur", "unit_amount_decimal": str(euros * 100), "recurring": recurring}
    return {"object": "subscription_item", "quantity": quantity, "price": price}


def _discount(coupon: dict[str, Any], ends: datetime | None) -> dict[str, Any]:
    empty = {"percent_off": None, "amount_off": None, "duration_in_months": None}
    opened = {"object": "coupon", **empty, **coupon, "currency": "eur" if "amount_off" in coupon else None}
    end = int(ends.timestamp()) if ends else None
    return {"object": "discount", "end": end, "source": {"type": "coupon", "coupon": opened}}


Step = Callable[[Life, datetime], None]


class Year:
    """What happens to whom and when, in order. After each step `happened(life, now)` is called."""

    def __init__(self, seed: int, lives: int, begins: datetime, happened: Callable[[Life, datetime], None]) -> None:
        self.dice, self.happened = random.Random(seed), happened
        self.lives = [Life(number) for number in range(lives)]
        self.waiting: list[tuple[datetime, int, Life, Step, int]] = []
        self.order = itertools.count()
        for life in self.lives:
            self.later(begins, self.days(0, 300), life, self.arrive)

    def days(self, least: float, most: float) -> timedelta:
        # Stripe counts in seconds.
        return timedelta(seconds=int(self.dice.uniform(least, most) * 86400))

    def later(self, now: datetime, wait: timedelta, life: Life, step: Step) -> None:
        heapq.heappush(self.waiting, (now + wait, next(self.order), life, step, life.run))

    def until(self, moment: datetime) -> int:
        """Let it all happen up to just before a moment; how many steps there were."""
        steps = 0
        while self.waiting and self.waiting[0][0] < moment:
            now, _order, life, step, run = heapq.heappop(self.waiting)
            # What was meant for a subscription that is over, or for nobody, does not happen.
            if life.is_deleted or run != life.run:
                continue
            step(life, now)
            self.happened(life, now)
            steps += 1
        return steps

    def arrive(self, life: Life, now: datetime) -> None:
        life.run += 1
        life.plan, life.yearly = self.dice.choice(list(PLANS)), self.dice.random() < 0.25
        life.options = {code: self.dice.randint(1, 4) for code in OPTION if self.dice.random() < 0.2}
        life.discount = life.discount_ends = None
        if self.dice.random() < 0.3:
            self.reduce(life, now)
        life.status = "trialing" if self.dice.random() < 0.4 else "active"
        if life.status == "trialing":
            self.later(now, 14 * DAY, life, self.convert)
        self.go_on(life, now)

    def convert(self, life: Life, now: datetime) -> None:
        life.status = self.dice.choices(["active", "past_due", "canceled"], weights=[7, 1, 2])[0]

    def go_on(self, life: Life, now: datetime) -> None:
        steps = [self.change_plan, self.change_period, self.change_options, self.reduce, self.fail, self.leave, self.go]
        weights = [4, 1, 5, 2, 4, 2, 0.3]
        self.later(now, self.days(5, 60), life, self.dice.choices(steps, weights=weights)[0])

    def change_plan(self, life: Life, now: datetime) -> None:
        life.plan = self.dice.choice(list(PLANS))
        self.go_on(life, now)

    def change_period(self, life: Life, now: datetime) -> None:
        life.yearly = not life.yearly
        self.go_on(life, now)

    def change_options(self, life: Life, now: datetime) -> None:
        code, count = self.dice.choice(list(OPTION)), self.dice.randint(0, 4)
        life.options.pop(code, None)
        if count:
            life.options[code] = count
        self.go_on(life, now)

    def reduce(self, life: Life, now: datetime) -> None:
        life.discount, life.discount_ends = self.dice.choice(COUPONS), None
        if months := life.discount.get("duration_in_months"):
            life.discount_ends = now + months * 30 * DAY
            self.later(now, months * 30 * DAY, life, self.look)
        if life.status:
            self.go_on(life, now)

    def look(self, life: Life, now: datetime) -> None:
        """A renewal: Stripe tells of it, and what ended with it is seen."""

    def fail(self, life: Life, now: datetime) -> None:
        if life.status == "active":
            life.status = "past_due"
            step = self.dice.choices([self.recover, self.give_up], weights=[3, 2])[0]
            self.later(now, self.days(1, 18), life, step)
        else:
            self.go_on(life, now)

    def recover(self, life: Life, now: datetime) -> None:
        life.status = "active"
        self.go_on(life, now)

    def give_up(self, life: Life, now: datetime) -> None:
        life.status = "unpaid"
        step = self.dice.choice([self.recover, self.leave, self.go])
        self.later(now, self.days(1, 30), life, step)

    def leave(self, life: Life, now: datetime) -> None:
        life.status = "canceled"
        life.run += 1
        if self.dice.random() < 0.4:
            self.later(now, self.days(3, 90), life, self.arrive)

    def go(self, life: Life, now: datetime) -> None:
        life.is_deleted = True
