"""The fake of Stripe, its catalogue pushed by our own command, and a workspace's customer on a clock of its own."""

import hashlib
import hmac
import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from django.conf import settings
from django.core.management import call_command
from djstripe.models import APIKey

from billing.models import Subscription
from billing.stripe import endpoint
from fakes.stripe.server import KEY, Handle, start
from plans.models import Price
from tenants import queue
from tenants.context import public_context
from tenants.models import Tenant
from tests.modules import register

SECRET = "whsec_of_the_tests_0000000000000000"
DAY = 86400


@pytest.fixture(scope="session")
def server() -> Iterator[Handle]:
    handle = start()
    yield handle
    handle.stop()


@pytest.fixture
def fake(server: Handle, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Handle]:
    """Stripe is on, and empty."""
    server.reset()
    settings.STRIPE_TEST_SECRET_KEY, settings.STRIPE_LIVE_MODE = KEY, False
    settings.STRIPE_API_HOST, settings.STRIPE_WEBHOOK_SECRET = server.url, SECRET
    monkeypatch.setattr(stripe, "api_base", server.url)
    monkeypatch.setattr(stripe, "api_key", KEY)
    with public_context():
        APIKey.objects.get_or_create_by_api_key(KEY)
    yield server
    assert server.violations() == []


@pytest.fixture(autouse=True)
def _all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    register(monkeypatch)


def push() -> list[dict[str, str]]:
    out = io.StringIO()
    call_command("billing_push", "--json", stdout=out)
    found: list[dict[str, str]] = json.loads(out.getvalue())
    return found


def price_id(code: str, interval: str = "month") -> str:
    with public_context():
        row = Price.objects.filter(is_active=True, interval=interval).filter(plan_id=code).first()
        row = row or Price.objects.get(is_active=True, interval=interval, add_on_id=code)
        return row.stripe_price_id


class Buyer:
    """`home` at Stripe, on a test clock that stands `days_ago`: what people do on Stripe's pages."""

    def __init__(self, fake: Handle, tenant: Any, days_ago: float = 0) -> None:
        self.fake, self.tenant = fake, tenant
        self.clock = stripe.test_helpers.TestClock.create(frozen_time=int(time.time() - days_ago * DAY)).id
        self.customer = stripe.Customer.create(email=tenant.name, test_clock=self.clock).id
        with public_context():
            Subscription.objects.update_or_create(tenant_id=tenant.id, defaults={"stripe_customer_id": self.customer})
        self.pay_with("pm_card_visa")

    def pay_with(self, card: str) -> None:
        method = stripe.PaymentMethod.attach(card, customer=self.customer)
        stripe.Customer.modify(self.customer, invoice_settings={"default_payment_method": method.id})

    def subscribe(self, *codes: str, interval: str = "month", **more: Any) -> stripe.Subscription:
        items: Any = [{"price": price_id(code, interval)} for code in codes]
        return stripe.Subscription.create(customer=self.customer, items=items, **more)

    def pass_days(self, days: float) -> None:
        self.fake.advance(days=days, clock=self.clock)

    def pay(self) -> None:
        """Pays what is open, with a card that works."""
        self.pay_with("pm_card_visa")
        for invoice in stripe.Invoice.list(customer=self.customer, status="open", limit=20).data:
            stripe.Invoice.pay(invoice.id)


@pytest.fixture
def buyer(fake: Handle, people: Any) -> Any:
    """`buyer(days_ago)`: the catalogue is pushed; what the fake tells is held."""
    push()
    fake.hold()
    fake.listen("http://127.0.0.1:9/")

    def make(days_ago: float = 0) -> Buyer:
        made = Buyer(fake, people.home, days_ago)
        fake.take()
        return made

    return make


@pytest.fixture
def owing(buyer: Any, fake: Handle) -> Any:
    """`owing(days)`: a year's renewal was refused so many days ago, the clock stands at now, nothing was told yet."""

    def make(days: float) -> Buyer:
        fake.post("settings", retry_days=[60])
        # An hour passes between a renewal's invoice and the attempt to have it paid.
        renewed = datetime.now(UTC) - timedelta(days=days, hours=1)
        since = renewed.replace(year=renewed.year - 1, day=min(renewed.day, 28 if renewed.month == 2 else 31))
        one: Buyer = buyer((datetime.now(UTC) - since) / timedelta(days=1))
        one.subscribe("pro", interval="year")
        one.pay_with("pm_card_chargeCustomerFail")
        one.fake.post("clock", to=int(time.time()), clock=one.clock)
        return one

    return make


def post(sent: dict[str, Any], **headers: str) -> Any:
    """As Stripe posts it, to the platform's own host."""
    from django.test import Client

    path = f"/stripe/webhook/{endpoint.endpoint_uuid()}/"
    signed = sign(sent["body"])
    client = Client(headers={"host": settings.BASE_HOST})
    return client.post(path, sent["body"], content_type="application/json", headers={**signed, **headers})


def sign(body: str, secret: str = SECRET, age: int = 0) -> dict[str, str]:
    moment = int(time.time()) - age
    made = hmac.new(secret.encode(), f"{moment}.{body}".encode(), hashlib.sha256).hexdigest()
    return {"Stripe-Signature": f"t={moment},v1={made}"}


def deliver(sent: dict[str, Any]) -> bool:
    """Posted, stored, and its job run, as the worker runs it."""
    answer = post(sent)
    assert answer.status_code == 200
    return bool(
        queue.run(name="billing.stripe.webhooks.handle", tenant_id=None, arguments={"trigger_id": int(answer.content)})
    )


def state(people: Any) -> str:
    with public_context():
        return Tenant.objects.get(pk=people.home.id).state


def row(people: Any) -> Subscription:
    with public_context():
        return Subscription.objects.get(tenant_id=people.home.id)
