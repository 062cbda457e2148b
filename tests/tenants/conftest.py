"""Other processes of the platform, started once for all that ask them."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.tenants.peer import Peer
from tests.tenants.wire import Wire


@pytest.fixture(scope="session")
def peers(people: Any) -> Iterator[list[Peer]]:
    """Three processes that listen. What they remember, a test forgets itself."""
    started = [Peer(), Peer(), Peer()]
    for peer in started:
        peer.ask("listen", topic="peers")
    yield started
    for peer in started:
        peer.stop()


@pytest.fixture(scope="module")
def wired_peer(people: Any) -> Iterator[tuple[Peer, Wire]]:
    """A process that listens through a wire of its own; `wired` sets both right before each test."""
    wire = Wire()
    peer = Peer(redis_url=wire.url)
    peer.ask("listen", topic="peers")
    yield peer, wire
    wire.flow()
    peer.stop()
    wire.cut()
