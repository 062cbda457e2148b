"""The web process dies in mid-answer: what had come is kept, paid once, and can be asked for again."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from conversations import jobs
from conversations.models import Message
from tenants.context import public_context, tenant_context
from tests.live.browser import Asked, Browser, Followed, Shown
from tests.live.conftest import Maker
from tests.live.web import Web
from tests.live.workspaces import PASSWORD, Workspace, assert_settled, events_of

pytestmark = [pytest.mark.committed, pytest.mark.slow]


@pytest.fixture
def home(workspace: Maker, live: Web) -> Iterator[Workspace]:
    one = workspace("panne")
    with tenant_context(one.tenant):
        yield one


@dataclass
class Cut:
    """Answers that the death of the process cut: one is looked at again, one never is, one had no word yet."""

    watched: Asked
    unseen: Asked
    wordless: Asked
    seen_before: str


async def _begin(web: Web, home: Workspace) -> Cut:
    async with Browser(web.port, home.host) as browser:
        await browser.sign_in(home.email, PASSWORD)
        watched = await browser.ask("Une question [echo vu] [words 400] [slow 0.1]")
        unseen = await browser.ask("Une question [echo cache] [words 400] [slow 0.1]")
        wordless = await browser.ask("Une question [hang]")
        tab = await browser.follow(watched, pieces=18)
        return Cut(watched, unseen, wordless, tab.text)


async def _come_back(web: Web, home: Workspace, cut: Cut) -> tuple[Followed, list[Shown], list[Shown]]:
    """What the tab that reconnects gets, its page, and the page of the answer without a word."""
    async with Browser(web.port, home.host) as browser:
        await browser.sign_in(home.email, PASSWORD)
        tab = await browser.follow(cut.watched)
        return tab, await browser.page(cut.watched.path), await browser.page(cut.wordless.path)


async def _retry(web: Web, home: Workspace, cut: Cut) -> tuple[Asked, Followed]:
    async with Browser(web.port, home.host) as browser:
        await browser.sign_in(home.email, PASSWORD)
        again = await browser.ask_again(cut.watched)
        await browser.post(again.stop)
        return again, await browser.follow(again)


def test_kill_9_in_mid_answer_loses_nothing(live: Web, home: Workspace) -> None:
    cut = asyncio.run(_begin(live, home))
    live.kill()
    killed = time.monotonic()
    live.start()

    # While the dead process's lease lasts nobody takes the answer for abandoned.
    tab, page, wordless = asyncio.run(_come_back(live, home, cut))
    assert time.monotonic() - killed < 40
    assert tab.state == "interrupted" and tab.text.startswith(cut.seen_before)
    assert page[-1].state == "interrupted" and "data-retry" in page[-1].body
    kept = Message.objects.get(pk=cut.watched.id)
    assert kept.text == tab.text and kept.text.strip() in page[-1].text
    assert (wordless[-1].state, Message.objects.get(pk=cut.wordless.id).text) == ("interrupted", "")

    # Nobody looks at the third: the scheduled job closes it.
    assert Message.objects.get(pk=cut.unseen.id).state == "streaming"
    with public_context():
        assert (jobs.close_abandoned(), jobs.close_abandoned()) == (1, 0)
    unseen = Message.objects.get(pk=cut.unseen.id)
    assert unseen.state == "interrupted" and unseen.text.startswith("cache-0 cache-1 ")
    assert_settled(home, [cut.watched.id, cut.unseen.id, cut.wordless.id])
    assert {event.outcome for event in events_of(home).values()} == {"interrupted"}

    again, second = asyncio.run(_retry(live, home, cut))
    assert second.state in ("interrupted", "done")
    assert_settled(home, [cut.watched.id, cut.unseen.id, cut.wordless.id, again.id])


async def _begin_one(web: Web, home: Workspace) -> tuple[Asked, str]:
    async with Browser(web.port, home.host) as browser:
        await browser.sign_in(home.email, PASSWORD)
        asked = await browser.ask("Une question [echo arret] [words 400] [slow 0.1]")
        return asked, (await browser.follow(asked, pieces=10)).text


def test_a_process_that_is_told_to_stop_saves_what_it_was_writing(live: Web, home: Workspace) -> None:
    """A deploy: no lease need run out, no other process need notice."""
    asked, seen = asyncio.run(_begin_one(live, home))
    live.stop()
    try:
        answer = Message.objects.get(pk=asked.id)
        assert answer.state == "interrupted" and not answer.stopped
        assert answer.text.startswith(seen)
        assert_settled(home, [asked.id])
    finally:
        live.start()
