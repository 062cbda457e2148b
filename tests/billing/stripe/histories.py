"""Random lives of one subscriber at Stripe, and what their end implies, told from Stripe's own objects."""

import random
from collections.abc import Callable
from typing import Any

import stripe

from billing.seeds import ADD_ONS
from tests.billing.stripe.conftest import DAY, Buyer, price_id

PLANS = ("starter", "pro", "scale")
OUTCOMES = ("ok", "insufficient_funds", "authenticate", "generic_decline")
ENDS = ("unpaid", "canceled", "past_due")
LIVE = ("trialing", "active", "past_due", "unpaid", "paused")


class History:
    """Some steps of what a subscriber may do, in any order; what Stripe refuses did not happen."""

    def __init__(self, buyer: Buyer, dice: random.Random, prices: dict[str, str]) -> None:
        self.buyer, self.dice, self.prices = buyer, dice, prices
        self.steps: list[str] = []

    def live(self) -> None:
        ends = {"retry_days": self.dice.choice([[3, 5, 7], [60]]), "dunning_end": self.dice.choice(ENDS)}
        self.steps.append(str(ends))
        self.buyer.fake.tell("settings", **ends)
        self.subscribe()
        likely = {
            self.pass_time: 6,
            self.refuse: 5,
            self.upgrade: 1,
            self.option: 1,
            self.cancel_later: 1,
            self.resume: 1,
            self.pay: 1,
        }
        acts = self.dice.choices(list(likely), weights=list(likely.values()), k=self.dice.randint(2, 6))
        for act in acts:
            self.do(act)
        if self.dice.random() < 0.15:
            self.do(self.cancel_now)
            if self.dice.random() < 0.5:
                self.do(self.subscribe)

    def do(self, act: Callable[[], Any]) -> None:
        try:
            act()
            self.steps.append(act.__name__)
        except stripe.StripeError as error:
            self.steps.append(f"{act.__name__}!{error.code}")

    def subscribe(self) -> None:
        self.buyer.fake.next_payments(*self.dice.choices(OUTCOMES, weights=(12, 1, 1, 1), k=1))
        codes = [self.dice.choice(PLANS), *self.dice.sample(sorted(ADD_ONS), self.dice.randint(0, 2))]
        behaviour = self.dice.choice(["allow_incomplete", "default_incomplete"])
        self.steps.append(f"{codes} {behaviour}")
        self.buyer.subscribe(*codes, payment_behavior=behaviour if self.dice.random() < 0.15 else "allow_incomplete")
        self.buyer.fake.next_payments()

    def current(self) -> Any:
        found = stripe.Subscription.list(customer=self.buyer.customer, status="all").data
        return next((one for one in found if one.status in LIVE), found[0])

    def upgrade(self) -> None:
        one = self.current()
        plans = {self.prices[code] for code in PLANS}
        item = next(item for item in one["items"].data if item.price.id in plans)
        stripe.Subscription.modify(one.id, items=[{"id": item.id, "price": self.prices[self.dice.choice(PLANS)]}])

    def option(self) -> None:
        one, price = self.current(), self.prices[self.dice.choice(sorted(ADD_ONS))]
        held = next((item for item in one["items"].data if item.price.id == price), None)
        change: Any = {"id": held.id, "deleted": True} if held else {"price": price}
        stripe.Subscription.modify(one.id, items=[change])

    def cancel_later(self) -> None:
        stripe.Subscription.modify(self.current().id, cancel_at_period_end=True)

    def resume(self) -> None:
        stripe.Subscription.modify(self.current().id, cancel_at_period_end=False)

    def cancel_now(self) -> None:
        stripe.Subscription.cancel(self.current().id)

    def refuse(self) -> None:
        self.buyer.pay_with("pm_card_chargeCustomerFail")

    def pay(self) -> None:
        self.buyer.pay()

    def pass_time(self) -> None:
        self.buyer.pass_days(self.dice.choice([1, 4, 12, 32, 32]))


def prices() -> dict[str, str]:
    """Code → id of its monthly price."""
    return {code: price_id(code) for code in (*PLANS, *ADD_ONS)}


def implied(customer: str, before: str, now: float, prices: dict[str, str]) -> tuple[str, str, set[str]]:
    """State, plan and options, by the table; `before`: the state where the table says so. "" for a plan: as before."""
    found = stripe.Subscription.list(customer=customer, status="all", limit=100).data
    one = next((one for one in found if one.status in LIVE), None) or next(
        (one for one in found if one.status == "canceled"), found[0]
    )
    names = {price: code for code, price in prices.items()}
    codes = {names[item.price.id] for item in one["items"].data}
    plan = next(iter(codes & set(PLANS)))
    state = _state(one, before, now)
    gone = state == "closed" or one.status.startswith("incomplete")
    return state, plan if one.status in LIVE else "", set() if gone else codes & set(ADD_ONS)


def _state(one: Any, before: str, now: float) -> str:
    tried = [
        invoice.status_transitions.finalized_at
        for invoice in stripe.Invoice.list(subscription=one.id, limit=100).data
        if invoice.status in ("open", "uncollectible") and invoice.attempted
    ]
    if one.status in ("active", "trialing"):
        return "active"
    if one.status == "past_due":
        return "suspended" if now - min(tried) >= 14 * DAY else "past_due"
    if one.status == "canceled":
        if min(item.current_period_end for item in one["items"].data) <= now:
            return "closed"
        return "suspended" if tried else "active"
    return "suspended" if one.status in ("unpaid", "paused") else before
