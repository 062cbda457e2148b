"""A small shop in the fake, and somebody who clicks through its pages."""

import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

import stripe

from fakes.stripe.server import Handle
from tests.stripe_real import sides

# 1 March 2026, 12:00 UTC: a month of 31 days, 2,678,400 seconds.
MARCH = 1772366400
DAY = 86400
APRIL = MARCH + 31 * DAY
HALF = MARCH + 31 * DAY // 2
MOST_AT_ONCE = 50 * DAY
PERSON = {
    "email": "achats@client.test",
    "name": "Client SARL",
    "line1": "1 rue du Port",
    "postal_code": "69001",
    "city": "Lyon",
    "country": "FR",
    "method": "card",
    "number": "4242 4242 4242 4242",
}


@dataclass
class Seen:
    status: int
    text: str
    location: str


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_BROWSER = urllib.request.build_opener(_Stay)


def visit(url: str, **form: str) -> Seen:
    """GET without a form, POST with one; redirects are told, not followed."""
    data = urllib.parse.urlencode(form).encode() if form else None
    try:
        answer = _BROWSER.open(url, data=data, timeout=30)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return Seen(answer.status, answer.read().decode(errors="replace"), answer.headers.get("location", ""))


class Shop:
    """Starter, Pro (month and year), Scale; VAT of 20 %; customers on a test clock that stands at `MARCH`."""

    def __init__(self, fake: Handle) -> None:
        self.fake = fake
        self.rate = stripe.TaxRate.create(display_name="TVA", percentage=20, inclusive=False, country="FR")
        self.starter = self.price("Starter", 9900)
        self.pro = self.price("Pro", 14900)
        self.scale = self.price("Scale", 34900)
        self.yearly = self.price("Pro par an", 149000, interval="year")
        self.option = self.price("Marque blanche", 9900)
        self.clock = self.clock_at(MARCH)

    def clock_at(self, moment: int) -> stripe.test_helpers.TestClock:
        return stripe.test_helpers.TestClock.create(frozen_time=moment, name=sides.CLOCK_NAME)

    def price(self, name: str, cents: int, interval: str = "month", **more: Any) -> stripe.Price:
        product = stripe.Product.create(name=name)
        recurring = {"interval": interval}
        return stripe.Price.create(
            product=product.id, unit_amount=cents, currency="eur", recurring=recurring, tax_behavior="exclusive", **more
        )

    def customer(self, card: str = "pm_card_visa", **more: Any) -> stripe.Customer:
        """With this card as what pays; "" for none."""
        made = stripe.Customer.create(email="achats@client.test", name="Client SARL", test_clock=self.clock.id, **more)
        if card:
            method = stripe.PaymentMethod.attach(card, customer=made.id)
            stripe.Customer.modify(made.id, invoice_settings={"default_payment_method": method.id})
        return made

    def subscribe(self, customer: stripe.Customer, *prices: stripe.Price, **more: Any) -> stripe.Subscription:
        items = [{"price": price.id} for price in prices or (self.pro,)]
        more.setdefault("default_tax_rates", [self.rate.id])
        return stripe.Subscription.create(customer=customer.id, **{"items": items, **more})

    def go_to(self, moment: int) -> None:
        """Where walks are compared in steps: Stripe turns a clock by two periods at most, and takes its time."""
        while sides.side() and moment - self.clock.frozen_time > MOST_AT_ONCE:
            self._turn(self.clock.frozen_time + MOST_AT_ONCE)
        self._turn(moment)

    def _turn(self, moment: int) -> None:
        stripe.test_helpers.TestClock.advance(self.clock.id, frozen_time=moment)
        self.clock.frozen_time = moment
        if sides.side():
            sides.wait_for(self.clock.id)

    def session(self, **more: Any) -> stripe.checkout.Session:
        given: dict[str, Any] = {
            "mode": "subscription",
            "line_items": [{"price": self.pro.id, "quantity": 1}],
            "subscription_data": {"default_tax_rates": [self.rate.id]},
            "success_url": "http://shop.test/merci?s={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://shop.test/non",
        }
        return stripe.checkout.Session.create(**{**given, **more})

    def events(self, *kinds: str) -> list[stripe.Event]:
        """Oldest first."""
        found = stripe.Event.list(limit=100, **({"types": list(kinds)} if kinds else {}))
        return list(found.auto_paging_iter())[::-1]

    def told(self, *kinds: str) -> list[str]:
        return [event.type for event in self.events(*kinds)]


def switch(subscription: stripe.Subscription, price: stripe.Price, **more: Any) -> stripe.Subscription:
    """Another price for its first item."""
    item = subscription["items"].data[0].id
    return stripe.Subscription.modify(subscription.id, items=[{"id": item, "price": price.id}], **more)


def again(thing: Any, **more: Any) -> Any:
    """The object as it is now."""
    return type(thing).retrieve(thing.id, **more)


def invoices(customer: stripe.Customer) -> list[stripe.Invoice]:
    """Oldest first."""
    return list(stripe.Invoice.list(customer=customer.id, limit=100).auto_paging_iter())[::-1]


def amounts(invoice: stripe.Invoice) -> list[int]:
    return [line.amount for line in invoice.lines.data]


def fields_of(text: str) -> set[str]:
    return set(re.findall(r'name="(\w+)"', text))
