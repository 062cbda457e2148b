"""One fake for all tests here, emptied before each; what it says must fit the SDK's classes to the end.

Tests with the mark `on_stripe` are walks that `make test-stripe` makes on a real test account too (tests/stripe_real).
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import stripe

from fakes.stripe.server import KEY, Handle, start
from tests.stripe_fake.shop import Shop
from tests.stripe_real import sides


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    if sides.side() == "real":
        stripe.api_key, stripe.api_base = os.environ[sides.KEY], os.environ[sides.ADDRESS]
        sides.sweep()
        yield sides.RealAccount(stripe.api_base)
        return
    handle = start()
    yield handle
    handle.stop()


@pytest.fixture
def fake(server: Any, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Handle]:
    real = sides.side() == "real"
    monkeypatch.setattr(stripe, "api_base", server.url)
    monkeypatch.setattr(stripe, "api_key", os.environ[sides.KEY] if real else KEY)
    # Stripe limits how often it is asked; the fake answers each request, or the test wants to see that it did not.
    monkeypatch.setattr(stripe, "max_network_retries", 4 if real else 0)
    with ExitStack() as stack:
        if sides.side():
            recorder = stack.enter_context(sides.recording(request.node.name))
        if real:
            stack.enter_context(sides.put_away(recorder))
            yield server
            return
        server.reset()
        yield server
        assert server.violations() == []


@pytest.fixture
def shop(fake: Handle) -> Shop:
    return Shop(fake)
