"""A hundred people at once: one web process, ten connections, two workspaces."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from conversations.models import Message
from library.models import Item
from tenants.context import tenant_context
from tests.live.browser import Asked, Browser, Followed
from tests.live.conftest import Maker
from tests.live.web import POOL, Web
from tests.live.workspaces import PASSWORD, Workspace, assert_settled
from tests.servers import DATABASE, free_port, with_database
from tests.tenants.wire import Wire

pytestmark = [pytest.mark.committed, pytest.mark.slow]
STREAMS, SECONDS, WORDS = 100, 10.0, 45


class Connections(threading.Thread):
    """Looks ten times a second how many connections a process of this name holds."""

    def __init__(self, name: str) -> None:
        super().__init__(daemon=True)
        self.seen: list[int] = []
        self._called = name
        self._over = threading.Event()

    def run(self) -> None:
        with psycopg.connect(with_database(os.environ["DATABASE_ADMIN_URL"], DATABASE), autocommit=True) as admin:
            while not self._over.wait(0.1):
                count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
                row = admin.execute(count, [self._called]).fetchone()
                self.seen.append(row[0] if row else 0)

    def __enter__(self) -> "Connections":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self.join(5)


def _text(number: int) -> str:
    return "".join(f"m{number}x-{word} " for word in range(WORDS))


async def _one(number: int, browser: Browser) -> tuple[Asked, Followed]:
    await asyncio.sleep(number * SECONDS / STREAMS)
    asked = await browser.ask(f"Question {number} [echo m{number}x] [slow 0.11] [words {WORDS}]")
    return asked, await browser.follow(asked)


async def _hundred(web: Web, both: list[Workspace]) -> list[tuple[Asked, Followed] | BaseException]:
    async with AsyncExitStack() as stack:
        browsers = []
        for pair in zip(*(workspace.emails for workspace in both), strict=True):
            for workspace, email in zip(both, pair, strict=True):
                browser = await stack.enter_async_context(Browser(web.port, workspace.host))
                await browser.sign_in(email, PASSWORD)
                browsers.append(browser)
        tasks = [_one(number, browsers[number % len(browsers)]) for number in range(STREAMS)]
        return await asyncio.gather(*tasks, return_exceptions=True)


def test_a_hundred_streams_share_ten_connections_and_none_strays(live: Web, workspace: Maker) -> None:
    both = [workspace("cent-a", members=4), workspace("cent-b", members=4)]
    with Connections(live.name) as connections:
        outcomes = asyncio.run(_hundred(live, both))

    failed = {number: outcome for number, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)}
    assert failed == {}
    done = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    assert [followed.state for _asked, followed in done] == ["done"] * STREAMS
    assert [followed.text for _asked, followed in done] == [_text(number) for number in range(STREAMS)]
    assert connections.seen and max(connections.seen) <= POOL
    for side, one in enumerate(both):
        # Browsers were dealt out in turn: the even numbers to the first workspace, the odd ones to the second.
        _assert_kept(one, {done[number][0].id: number for number in range(side, STREAMS, 2)})


def _assert_kept(one: Workspace, expected: dict[str, int]) -> None:
    with tenant_context(one.tenant):
        answers = Message.objects.filter(role=Message.Role.ASSISTANT).select_related("conversation")
        kept = {str(answer.pk): answer for answer in answers}
        assert {key: answer.text for key, answer in kept.items()} == {key: _text(n) for key, n in expected.items()}
        assert {answer.state for answer in kept.values()} == {"done"}
        for key, number in expected.items():
            question = kept[key].conversation.messages.get(role=Message.Role.USER)
            assert f"[echo m{number}x]" in question.text
        assert {str(item.message_id) for item in Item.objects.all()} == set(expected)
    assert_settled(one, expected)


@contextmanager
def _hesitant(wire: Wire) -> Iterator[None]:
    """Redis stops for a moment, again and again: whatever is sent to it is under way for long."""
    over = threading.Event()

    def beat() -> None:
        while not over.is_set():
            wire.hang()
            time.sleep(0.06)
            wire.flow()
            time.sleep(0.01)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def test_the_last_words_reach_the_tab_over_a_hesitant_redis(live: Web, workspace: Maker, tmp_path: Path) -> None:
    """An answer then ends while its latest words are on their way to the log."""
    place, wire = workspace("fin", members=1), Wire()
    web = Web(free_port(), tmp_path / "log", name="ruche-slow", settings="tests.live.settings", REDIS_URL=wire.url)
    web.start()

    async def many() -> list[str]:
        async with Browser(web.port, place.host) as browser:
            await browser.sign_in(place.emails[0], PASSWORD)
            with _hesitant(wire):
                asked = [
                    await browser.ask(f"Question [echo f{number}x] [slow 0.03] [words 20]") for number in range(16)
                ]
                return [(await browser.follow(one)).text for one in asked]

    try:
        found = asyncio.run(many())
    finally:
        web.stop()
        wire.cut()
    assert found == ["".join(f"f{number}x-{word} " for word in range(20)) for number in range(16)]
