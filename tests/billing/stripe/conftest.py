"""The fake of Stripe, its catalogue pushed by our own command, and a workspace's customer on a clock of its own."""

import io
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import stripe
from django.core.management import call_command
from djstripe.models import APIKey

from billing.models import Price
from billing.stripe import customers
from tenants.context import public_context
from tests.fakes.stripe.server import KEY, Handle, start

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
    """`home` at Stripe: what people do on its pages. Its time stands where it is put."""

    def __init__(self, fake: Handle, tenant: Any, days_ago: float = 0) -> None:
        self.fake, self.tenant = fake, tenant
        self.customer = customers.customer_of(tenant.id)
        self.days_ago = days_ago
        self.pay_with("pm_card_visa")

    def pay_with(self, card: str) -> None:
        method = stripe.PaymentMethod.attach(card, customer=self.customer)
        stripe.Customer.modify(self.customer, invoice_settings={"default_payment_method": method.id})

    def subscribe(self, *codes: str, interval: str = "month", **more: Any) -> stripe.Subscription:
        items: Any = [{"price": price_id(code, interval)} for code in codes]
        return stripe.Subscription.create(customer=self.customer, items=items, **more)

    def pay(self, made: stripe.Subscription) -> None:
        """Pays what is open, with a card that works."""
        self.pay_with("pm_card_visa")
        for invoice in stripe.Invoice.list(customer=self.customer, status="open", limit=20).data:
            stripe.Invoice.pay(invoice.id)


def ago(days: float) -> datetime:
    return datetime.fromtimestamp(int(time.time() - days * DAY), UTC)
