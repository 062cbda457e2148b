"""Random lives of one subscriber at Stripe, and what their end implies, told from Stripe's own objects."""

import random
from collections.abc import Callable
from typing import Any

import stripe

from plans.seeds import ADD_ONS
from tests.billing.stripe.conftest import DAY, Buyer, price_id

PLANS = ("starter", "pro", "scale")
OUTCOMES = ("ok", "insufficient_funds", "authenticate", "generic_decline")
ENDS = ("unpaid", "canceled", "past_due")
LIVE = ("trialing", "active", "past_due", "unpaid", "paused")
# Accounts whose debit is sent back by the bank after some days, and paid.
REFUSED, PAID = "DE62370400440532013001", "DE89370400440532013000"
Prices = dict[tuple[str, str], str]


class History:
    """Some steps of what a subscriber may do, in any order; what Stripe refuses did not happen."""

    def __init__(self, buyer: Buyer, dice: random.Random, prices: Prices) -> None:
        self.buyer, self.dice, self.prices = buyer, dice, prices
        self.steps: list[str] = []
        self.by_debit = dice.random() < 0.35
        self.interval = "year" if dice.random() < 0.3 else "month"

    def live(self) -> None:
        ends = {"retry_days": self.dice.choice([[3, 5, 7], [60]]), "dunning_end": self.dice.choice(ENDS)}
        self.steps.append(f"{ends} {self.interval} {'debit' if self.by_debit else 'card'}")
        self.buyer.fake.post("settings", **ends)
        if self.by_debit:
            self.debit(PAID)
        self.subscribe()
        likely = {
            self.pass_time: 6,
            self.refuse: 5,
            self.upgrade: 1,
            self.wish: 2,
            self.option: 1,
            self.coupon: 1,
            self.cancel_later: 1,
            self.resume: 1,
            self.pay: 1,
        }
        acts = self.dice.choices(list(likely), weights=list(likely.values()), k=self.dice.randint(2, 5))
        if self.dice.random() < 0.4:
            # Left to chance alone, few would ever owe anything.
            acts += [self.refuse, self.renewal, self.pass_time]
        for act in acts:
            self.do(act)
        if self.dice.random() < (0.15 if self.interval == "month" else 0.5):
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
        """Options are paid by the month, beside a year's plan as well."""
        if not self.by_debit:
            self.buyer.fake.next_payments(*self.dice.choices(OUTCOMES, weights=(12, 1, 1, 1), k=1))
        plan = (self.dice.choice(PLANS), self.interval)
        options = [(code, "month") for code in self.dice.sample(sorted(ADD_ONS), self.dice.randint(0, 2))]
        behaviour = self.dice.choice(["allow_incomplete", "default_incomplete"])
        self.steps.append(f"{plan} {options} {behaviour}")
        stripe.Subscription.create(
            customer=self.buyer.customer,
            items=[{"price": self.prices[key]} for key in (plan, *options)],
            payment_behavior=behaviour if self.dice.random() < 0.15 else "allow_incomplete",
        )
        self.buyer.fake.next_payments()

    def current(self) -> Any:
        found = stripe.Subscription.list(customer=self.buyer.customer, status="all").data
        return next((one for one in found if one.status in LIVE), found[0])

    def another_plan(self, interval: str) -> tuple[str, Any]:
        one = self.current()
        item = plan_item(one, self.prices)
        return one.id, [{"id": item.id, "price": self.prices[self.dice.choice(PLANS), interval]}]

    def upgrade(self) -> None:
        one, items = self.another_plan(self.interval)
        stripe.Subscription.modify(one, items=items)

    def wish(self) -> None:
        """As our pages do: charged now, and made once it is paid; sometimes in the other rhythm."""
        one, items = self.another_plan(self.dice.choice(["month", "year"]))
        self.buyer.fake.next_payments(self.dice.choice(OUTCOMES))
        try:
            stripe.Subscription.modify(
                one, items=items, proration_behavior="always_invoice", payment_behavior="pending_if_incomplete"
            )
        finally:
            self.buyer.fake.next_payments()

    def option(self) -> None:
        one, price = self.current(), self.prices[self.dice.choice(sorted(ADD_ONS)), "month"]
        held = next((item for item in one["items"].data if item.price.id == price), None)
        change: Any = {"id": held.id, "deleted": True} if held else {"price": price}
        stripe.Subscription.modify(one.id, items=[change])

    def coupon(self) -> None:
        made = stripe.Coupon.create(percent_off=self.dice.choice([20, 100]), duration="once", name="Geste")
        stripe.Subscription.modify(self.current().id, discounts=[{"coupon": made.id}])

    def cancel_later(self) -> None:
        """As our pages do: with the plan's period, whatever the options' rhythm."""
        one = self.current()
        ends = {item.current_period_end for item in one["items"].data}
        end: Any = {"cancel_at_period_end": True} if len(ends) == 1 else {"cancel_at": max(ends)}
        stripe.Subscription.modify(one.id, **end)

    def resume(self) -> None:
        one = self.current()
        end: Any = {"cancel_at_period_end": False} if one.cancel_at_period_end else {"cancel_at": ""}
        stripe.Subscription.modify(one.id, **end)

    def cancel_now(self) -> None:
        stripe.Subscription.cancel(self.current().id)

    def debit(self, iban: str) -> None:
        made = stripe.PaymentMethod.create(
            type="sepa_debit", sepa_debit={"iban": iban}, billing_details={"name": "A", "email": "a@client.test"}
        )
        self.buyer.pay_with(made.id)

    def refuse(self) -> None:
        if self.by_debit:
            self.debit(REFUSED)
        else:
            self.buyer.pay_with("pm_card_chargeCustomerFail")

    def pay(self) -> None:
        self.buyer.pay()

    def renewal(self) -> None:
        self.buyer.pass_days(32 if self.interval == "month" else 370)

    def pass_time(self) -> None:
        self.buyer.pass_days(self.dice.choice([1, 4, 12, 32, 32] if self.interval == "month" else [1, 7, 32, 370]))


def plan_item(one: Any, prices: Prices) -> Any:
    plans = {price for (code, _interval), price in prices.items() if code in PLANS}
    return next(item for item in one["items"].data if item.price.id in plans)


def prices() -> Prices:
    """(Code, interval) → id of its price. Options are paid by the month only."""
    plans = {(code, interval): price_id(code, interval) for code in PLANS for interval in ("month", "year")}
    return plans | {(code, "month"): price_id(code) for code in ADD_ONS}


def implied(customer: str, before: str, now: float, prices: Prices) -> tuple[str, str, set[str]]:
    """State, plan and options, by the table; `before`: the state where the table says so. "" for a plan: as before."""
    found = stripe.Subscription.list(customer=customer, status="all", limit=100).data
    one = next((one for one in found if one.status in LIVE), None) or next(
        (one for one in found if one.status == "canceled"), found[0]
    )
    names = {price: code for (code, _interval), price in prices.items()}
    codes = {names[item.price.id] for item in one["items"].data}
    plan = next(iter(codes & set(PLANS)))
    state = _state(one, before, now, prices)
    gone = state == "closed" or one.status.startswith("incomplete")
    return state, plan if one.status in LIVE else "", set() if gone else codes & set(ADD_ONS)


def _state(one: Any, before: str, now: float, prices: Prices) -> str:
    if one.status in ("active", "trialing"):
        return "active"
    owed = [moment for moment in map(_owed_from, _asked_for(one)) if moment]
    if one.status == "past_due":
        return "suspended" if owed and now - min(owed) >= 14 * DAY else "past_due"
    if one.status == "canceled":
        if plan_item(one, prices).current_period_end <= now:
            return "closed"
        return "suspended" if owed else "active"
    return "suspended" if one.status in ("unpaid", "paused") else before


def _asked_for(one: Any) -> list[Any]:
    """Its invoices that somebody was asked to pay in vain, or is about to have paid."""
    listed = stripe.Invoice.list(subscription=one.id, limit=100, expand=["data.payments"]).data
    mine = [invoice for invoice in listed if invoice.status in ("open", "uncollectible") and invoice.attempted]
    return [invoice for invoice in mine if not (one.pending_update and one.latest_invoice == invoice.id)]


def _owed_from(invoice: Any) -> int | None:
    """Of a debit: when Stripe told that its first attempt had failed; None while that may still be paid."""
    attempts = stripe.Charge.list(payment_intent=invoice.payments.data[0].payment.payment_intent, limit=100).data
    asked: int = invoice.status_transitions.finalized_at
    if not attempts or attempts[-1].payment_method_details.type != "sepa_debit":
        return asked
    if attempts[-1].status == "pending":
        return None
    told = stripe.Event.list(type="charge.failed", limit=100).auto_paging_iter()
    return next(int(event.created) for event in told if event.data.object["id"] == attempts[-1].id)
