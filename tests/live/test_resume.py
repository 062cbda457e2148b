"""A tab may be reloaded, doubled or closed: the answer goes on, and nothing of it is lost or said twice."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from conversations.models import Message
from fakes.llm import server as fake
from library.models import Item
from tenants.context import tenant_context
from tests.live.browser import Asked, Browser, Followed, Shown
from tests.live.conftest import Maker
from tests.live.web import Web
from tests.live.workspaces import PASSWORD, Workspace, assert_settled, events_of

pytestmark = [pytest.mark.committed, pytest.mark.slow]


def _question(marker: str, *, words: int = 20, pause: float = 0.1) -> str:
    return f"Une question [echo {marker}] [words {words}] [slow {pause}]"


def _answer(marker: str, words: int = 20) -> str:
    return "".join(f"{marker}-{word} " for word in range(words))


@pytest.fixture
def home(workspace: Maker) -> Iterator[Workspace]:
    one = workspace("reprise")
    with tenant_context(one.tenant):
        yield one


async def _signed_in(web: Web, home: Workspace) -> Browser:
    browser = Browser(web.port, home.host)
    await browser.sign_in(home.email, PASSWORD)
    return browser


def test_a_reload_and_a_second_tab_get_the_whole_text(live: Web, home: Workspace) -> None:
    async def scenario() -> tuple[Asked, list[Followed], list[Shown]]:
        async with await _signed_in(live, home) as browser:
            asked = await browser.ask(_question("tab"))
            first = asyncio.create_task(browser.follow(asked))
            await asyncio.sleep(0.8)
            reloaded = (await browser.page(asked.path))[-1]
            assert (reloaded.state, reloaded.stream) == ("streaming", asked.stream)
            second = await browser.follow(asked)
            late = await browser.follow(asked)
            return asked, [await first, second, late], await browser.page(asked.path)

    asked, tabs, page = asyncio.run(scenario())
    assert [tab.text for tab in tabs] == [_answer("tab")] * 3
    assert [tab.state for tab in tabs] == ["done"] * 3
    assert [(shown.role, shown.state) for shown in page] == [("user", "done"), ("assistant", "done")]
    assert _answer("tab").strip() in page[-1].text
    assert_settled(home, [asked.id])


def test_the_last_event_id_continues_without_a_gap_or_a_repetition(live: Web, home: Workspace) -> None:
    async def scenario() -> tuple[Asked, Followed, Followed, Followed]:
        async with await _signed_in(live, home) as browser:
            asked = await browser.ask(_question("suite"))
            before = await browser.follow(asked, pieces=5)
            await asyncio.sleep(0.3)
            after = await browser.follow(asked, after=before.events[-1].id)
            return asked, before, after, await browser.follow(asked, after=after.events[-1].id)

    asked, before, after, again = asyncio.run(scenario())
    assert before.text and after.text
    assert before.text + after.text == _answer("suite")
    assert {event.id for event in before.events}.isdisjoint(event.id for event in after.events)
    assert (again.text, again.state) == ("", "done")
    assert_settled(home, [asked.id])


def test_an_answer_nobody_watches_is_saved_all_the_same(live: Web, home: Workspace) -> None:
    async def scenario() -> tuple[Asked, Asked]:
        async with await _signed_in(live, home) as browser:
            closed = await browser.ask(_question("seul"))
            never_opened = await browser.ask(_question("jamais"))
            await browser.follow(closed, pieces=3)
        return closed, never_opened

    asked = asyncio.run(scenario())
    answers = [_wait_for_end(one) for one in asked]
    assert [answer.text for answer in answers] == [_answer("seul"), _answer("jamais")]
    assert {answer.state for answer in answers} == {"done"}
    assert Item.objects.count() == 2
    assert_settled(home, [one.id for one in asked])


def _wait_for_end(asked: Asked) -> Message:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        answer = Message.objects.get(pk=asked.id)
        if answer.state != Message.State.STREAMING:
            return answer
        time.sleep(0.1)
    raise AssertionError("the answer did not end")


def test_stop_keeps_the_text_and_hangs_up_on_the_provider(live: Web, home: Workspace, llm: fake.Handle) -> None:
    async def scenario() -> tuple[Asked, Followed, float, list[Shown]]:
        async with await _signed_in(live, home) as browser:
            asked = await browser.ask(_question("halte", words=300))
            following = asyncio.create_task(browser.follow(asked))
            await asyncio.sleep(0.8)
            begun = time.monotonic()
            assert (await browser.post(asked.stop)).status_code == 302
            tab = await following
            return asked, tab, time.monotonic() - begun, await browser.page(asked.path)

    asked, tab, seconds, page = asyncio.run(scenario())
    answer = Message.objects.get(pk=asked.id)
    assert (answer.state, answer.stopped, tab.state) == ("interrupted", True, "interrupted")
    assert answer.text and _answer("halte", 300).startswith(answer.text) and tab.text == answer.text
    assert page[-1].state == "interrupted" and answer.text.strip() in page[-1].text and "data-notice" in page[-1].body
    assert seconds < 10
    assert _call_of(llm, "halte")["outcome"] == "disconnected"
    assert_settled(home, [asked.id])
    event = next(iter(events_of(home).values()))
    assert (event.outcome, event.is_estimate) == ("stopped", True)
    assert event.input_tokens and event.output_tokens


def _call_of(llm: fake.Handle, marker: str) -> dict[str, object]:
    return next(call for call in llm.calls() if f"[echo {marker}]" in str(call["body"]["messages"][-1]["content"]))


def test_retry_replaces_the_answer(live: Web, home: Workspace) -> None:
    async def scenario() -> tuple[Asked, Asked, list[Shown], int]:
        async with await _signed_in(live, home) as browser:
            first = await browser.ask(_question("encore", words=5))
            await browser.follow(first)
            second = await browser.ask_again(first)
            await browser.follow(second)
            # The one replaced can no more be asked for again.
            refused = await browser.post(first.retry)
            return first, second, await browser.page(second.path), refused.status_code

    first, second, page, status = asyncio.run(scenario())
    assert [shown.id for shown in page[1:]] == [second.id]
    assert page[-1].state == "done" and status == 409
    replaced = Message.objects.get(pk=first.id)
    assert replaced.replaced_at and replaced.text == _answer("encore", 5)
    assert Message.objects.count() == 3
    assert_settled(home, [first.id, second.id])


def test_one_answer_at_a_time(live: Web, home: Workspace) -> None:
    """A double click asks once."""

    async def scenario() -> tuple[Asked, list[int]]:
        async with await _signed_in(live, home) as browser:
            asked = await browser.ask(_question("double", words=15))
            posts = [browser.post(f"{asked.path}messages/", text="Encore une question") for _ in range(3)]
            refusals = [response.status_code for response in await asyncio.gather(*posts)]
            await browser.follow(asked)
            return asked, refusals

    asked, refusals = asyncio.run(scenario())
    assert refusals == [409] * 3
    assert Message.objects.count() == 2
    assert_settled(home, [asked.id])


def test_a_crowd_of_tabs_on_one_answer(live: Web, home: Workspace) -> None:
    """Each waits on a Redis connection of its own; the driver would give out a hundred and fail the next."""

    async def scenario() -> tuple[Asked, list[Followed]]:
        async with await _signed_in(live, home) as browser:
            asked = await browser.ask(_question("foule", words=30, pause=0.15))
            return asked, list(await asyncio.gather(*(browser.follow(asked) for _ in range(120))))

    asked, tabs = asyncio.run(scenario())
    assert {tab.text for tab in tabs} == {_answer("foule", 30)}
    assert {tab.state for tab in tabs} == {"done"}
    assert_settled(home, [asked.id])
