"""Long walks at random: whatever is done in whatever order, nothing breaks and the sums hold."""

import random

import pytest
import stripe

from tests.stripe_fake.shop import DAY, MARCH, again, invoices

STEPS = 45


class Walk:
    """One customer on one clock, and everything that can be done to them."""

    def __init__(self, shop, seed):
        self.shop, self.dice, self.now = shop, random.Random(seed), MARCH
        self.customer = shop.customer()
        self.prices = [shop.starter, shop.pro, shop.scale, shop.option, shop.yearly]
        self.coupon = stripe.Coupon.create(percent_off=15, duration="repeating", duration_in_months=2)
        self.refused = 0

    def subscriptions(self):
        return list(stripe.Subscription.list(customer=self.customer.id, status="all").data)

    def one(self):
        return self.dice.choice(self.subscriptions())

    def begin(self):
        more = self.dice.choice(
            [
                {},
                {"trial_period_days": 5},
                {"discounts": [{"coupon": self.coupon.id}]},
                {"billing_cycle_anchor": self.now + 9 * DAY},
            ]
        )
        prices = self.dice.sample(self.prices, self.dice.randint(1, 2))
        self.shop.subscribe(self.customer, *prices, **more)

    def change(self):
        one = self.one()
        item = self.dice.choice(one["items"].data)
        given = self.dice.choice(
            [
                [{"id": item.id, "price": self.dice.choice(self.prices).id}],
                [{"id": item.id, "quantity": self.dice.randint(1, 9)}],
                [{"price": self.dice.choice(self.prices).id, "quantity": 2}],
                [{"id": item.id, "deleted": True}],
                [{"id": item.id, "deleted": True}, {"price": self.dice.choice(self.prices).id}],
            ]
        )
        behaviour = self.dice.choice(["create_prorations", "always_invoice", "none"])
        payment = self.dice.choice(["allow_incomplete", "error_if_incomplete"])
        stripe.Subscription.modify(one.id, items=given, proration_behavior=behaviour, payment_behavior=payment)

    def preview(self):
        one = self.one()
        items = [{"id": one["items"].data[0].id, "price": self.dice.choice(self.prices).id}]
        stripe.Invoice.create_preview(subscription=one.id, subscription_details={"items": items})

    def end(self):
        one = self.one()
        if self.dice.random() < 0.7:
            stripe.Subscription.modify(one.id, cancel_at_period_end=not one.cancel_at_period_end)
        else:
            stripe.Subscription.cancel(one.id, prorate=True, invoice_now=self.dice.random() < 0.5)

    def restart(self):
        stripe.Subscription.modify(
            self.one().id, **self.dice.choice([{"trial_end": "now"}, {"billing_cycle_anchor": "now"}])
        )

    def wait(self):
        self.now += self.dice.choice([3600, DAY, 4 * DAY, 17 * DAY, 33 * DAY])
        self.shop.go_to(self.now)

    def trouble(self):
        outcomes = ["ok", "insufficient_funds", "authenticate", "pending", "pending_fail"]
        self.shop.fake.next_payments(*self.dice.choices(outcomes, k=2))

    def pay(self):
        owed = stripe.Invoice.list(customer=self.customer.id, status="open").data
        if owed:
            stripe.Invoice.pay(self.dice.choice(owed).id)

    def by_hand(self):
        amount = self.dice.choice([1234, -777])
        stripe.InvoiceItem.create(
            customer=self.customer.id, amount=amount, currency="eur", tax_rates=[self.shop.rate.id]
        )

    def give_back(self):
        paid = [one for one in invoices(self.customer) if one.status == "paid" and one.amount_paid > 100]
        if paid:
            stripe.CreditNote.create(invoice=self.dice.choice(paid).id, amount=99, credit_amount=99)

    def step(self):
        acts = [self.begin, self.change, self.change, self.preview, self.end, self.restart, self.wait, self.wait]
        acts += [self.trouble, self.pay, self.by_hand, self.give_back]
        try:
            self.dice.choice(acts)()
        except (stripe.CardError, stripe.InvalidRequestError, IndexError):
            # Refusals are answers; anything else (a 500 above all) is not.
            self.refused += 1


@pytest.mark.parametrize("seed", range(4))
def test_a_walk(shop, seed):
    walk = Walk(shop, seed)
    walk.begin()
    for _ in range(STEPS):
        walk.step()
    assert walk.refused < STEPS * 0.7
    shop.go_to(walk.now + 40 * DAY)
    for invoice in invoices(walk.customer):
        _adds_up(invoice)
    for subscription in walk.subscriptions():
        _stands(subscription, again(shop.clock).frozen_time)
    moved = stripe.Customer.list_balance_transactions(walk.customer.id, limit=100).auto_paging_iter()
    assert again(walk.customer).balance == sum(one.amount for one in moved)


def _adds_up(invoice):
    off = sum(part.amount for part in invoice.total_discount_amounts)
    tax = sum(part.amount for part in invoice.total_taxes)
    assert invoice.subtotal == sum(line.amount for line in invoice.lines.data)
    assert invoice.total == invoice.subtotal - off + tax
    assert invoice.amount_due >= 0
    if invoice.status == "paid":
        assert (invoice.amount_paid, invoice.amount_remaining) == (invoice.amount_due, 0)
    for line in invoice.lines.data:
        net = line.amount - sum(part.amount for part in line.discount_amounts)
        for part in line.taxes:
            assert abs(part.amount - net / 5) <= 0.5


def _stands(subscription, now):
    if subscription.status in ("active", "trialing", "past_due", "unpaid"):
        for item in subscription["items"].data:
            assert item.current_period_start <= now < item.current_period_end
    if subscription.status == "canceled":
        assert subscription.ended_at <= now
    assert subscription.latest_invoice.startswith("in_")
