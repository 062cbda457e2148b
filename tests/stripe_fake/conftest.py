"""One fake for all tests here, emptied before each; what it says must fit the SDK's classes to the end."""

from collections.abc import Iterator

import pytest
import stripe

from fakes.stripe.server import KEY, Handle, start
from tests.stripe_fake.shop import Shop


@pytest.fixture(scope="session")
def server() -> Iterator[Handle]:
    handle = start()
    yield handle
    handle.stop()


@pytest.fixture
def fake(server: Handle, monkeypatch: pytest.MonkeyPatch) -> Iterator[Handle]:
    server.reset()
    monkeypatch.setattr(stripe, "api_base", server.url)
    monkeypatch.setattr(stripe, "api_key", KEY)
    monkeypatch.setattr(stripe, "max_network_retries", 0)
    yield server
    assert server.violations() == []


@pytest.fixture
def shop(fake: Handle) -> Shop:
    return Shop(fake)
