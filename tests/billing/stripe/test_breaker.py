"""A Stripe that hangs is left alone for a moment; a call holds no database connection while it waits."""

import socket
import time

import pytest
import stripe
from django.db import connection

from billing.stripe import breaker as ours
from billing.stripe import transport
from billing.stripe.breaker import Resting
from billing.stripe.client import client
from billing.stripe.errors import translated_errors
from billing.subscription_types import StripeUnavailable
from tenants import circuit_breaker
from tenants.circuit_breaker import Breaker


@pytest.fixture(autouse=True)
def _forgotten():
    ours.breaker.forget()
    yield
    ours.breaker.forget()


@pytest.fixture
def silent(fake, settings, monkeypatch):
    """A Stripe that takes calls and says nothing; how many came."""
    listener = socket.create_server(("127.0.0.1", 0))
    settings.STRIPE_API_HOST = f"http://127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setattr("billing.stripe.client.TIMEOUT_SECONDS", 0.2)
    yield listener
    listener.close()


def _fail(breaker: Breaker) -> None:
    with pytest.raises(stripe.APIConnectionError), breaker.call():
        raise stripe.APIConnectionError("nobody")


def test_after_two_silences_no_call_leaves(silent):
    for _ in range(2):
        with pytest.raises(StripeUnavailable), translated_errors():
            client().v1.customers.retrieve("cus_x")
    begun = time.monotonic()
    with pytest.raises(StripeUnavailable), translated_errors():
        client().v1.customers.retrieve("cus_x")
    assert time.monotonic() - begun < 0.1


def test_a_stripe_that_answers_again_is_called_again(silent, fake, settings, monkeypatch):
    with pytest.raises(StripeUnavailable), translated_errors():
        client().v1.customers.retrieve("cus_x")
    settings.STRIPE_API_HOST = fake.url
    with pytest.raises(StripeUnavailable), translated_errors():
        client().v1.customers.list({"limit": 1})
    monkeypatch.setattr(ours.breaker, "_open_until", time.monotonic())
    for _ in range(3):
        client().v1.customers.list({"limit": 1})


def test_one_tries_while_the_others_are_refused():
    breaker = ours.new()
    for _ in range(circuit_breaker.FAILURES):
        _fail(breaker)
    with pytest.raises(Resting), breaker.call():
        pytest.fail("it was called")
    breaker._open_until = time.monotonic()
    with breaker.call() as tries:
        assert tries
        with pytest.raises(Resting), breaker.call():
            pytest.fail("a second one was called")
    with breaker.call() as tries:
        assert not tries


def test_a_try_without_an_answer_rests_again():
    breaker = ours.new()
    for _ in range(circuit_breaker.FAILURES):
        _fail(breaker)
    breaker._open_until = time.monotonic()
    _fail(breaker)
    with pytest.raises(Resting), breaker.call():
        pytest.fail("it was called")


def test_a_refusal_is_an_answer():
    breaker = ours.new()
    for _ in range(circuit_breaker.FAILURES + 1):
        _fail(breaker) if breaker._failures == 0 else None
        with breaker.call():
            pass
    assert breaker._failures == 0


@pytest.mark.committed
def test_a_call_gives_its_connection_back_first(fake, monkeypatch):
    held = []
    monkeypatch.setattr(
        stripe.RequestsClient,
        "request",
        lambda *_args, **_named: held.append(connection.connection) or (b"{}", 200, {}),
    )
    connection.ensure_connection()
    transport.Transport(1.0).request("get", "https://stripe.test/", None)
    assert held == [None]
