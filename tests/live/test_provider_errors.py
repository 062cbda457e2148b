"""What a provider does wrong: the person is told and may retry, the log keeps the cause, neither shows a secret."""

import asyncio
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest

from assistants.providers.types import message_for
from conversations.models import Message
from tenants.context import tenant_context
from tests.live.browser import Asked, Browser, Followed, Shown
from tests.live.conftest import Maker
from tests.live.web import Web
from tests.live.workspaces import PASSWORD, Workspace, assert_settled, events_of

pytestmark = [pytest.mark.committed, pytest.mark.slow]


@dataclass(frozen=True)
class Case:
    """What the provider is told to do; how the answer ends, for which reason, after how many words."""

    directive: str
    state: str
    kind: str
    words: int = 0
    logged: str = ""


CASES = [
    Case("[fail 401] [leak]", "failed", "auth", logged="401"),
    Case("[fail 429 quota]", "failed", "quota", logged="429"),
    Case("[fail 429 rate] [retry-after 60]", "failed", "rate_limit", logged="429"),
    Case("[fail 529]", "failed", "overloaded", logged="529"),
    Case("[fail 400 context]", "failed", "context_length", logged="400"),
    Case("[error 4]", "interrupted", "overloaded", 4),
    Case("[cut 10]", "interrupted", "cut", 10),
    Case("[hang]", "failed", "timeout"),
    Case("[stall 5]", "interrupted", "timeout", 5),
    Case("[html]", "failed", "bad_request"),
    Case("[flaky 503]", "done", "", 60),
    Case("[json-error 503]", "failed", "overloaded", logged="200"),
    Case("[think only]", "failed", "empty", logged="no text"),
    Case("[plain]", "done", "", 60),
]


async def _ask_all(web: Web, home: Workspace) -> list[tuple[Asked, Followed, Shown]]:
    async with Browser(web.port, home.host) as browser:
        await browser.sign_in(home.email, PASSWORD)

        async def one(case: Case) -> tuple[Asked, Followed, Shown]:
            asked = await browser.ask(f"Une question [echo mot] [words 60] {case.directive}")
            followed = await browser.follow(asked)
            return asked, followed, (await browser.page(asked.path))[-1]

        return list(await asyncio.gather(*(one(case) for case in CASES)))


def test_each_failure_ends_as_it_should(live: Web, workspace: Maker) -> None:
    home = workspace("pannes")
    start = live.log_size()
    outcomes = asyncio.run(_ask_all(live, home))
    log = live.logged_since(start)
    with tenant_context(home.tenant):
        for case, (asked, followed, shown) in zip(CASES, outcomes, strict=True):
            _assert_ended(case, asked, followed, shown, log)
    assert_settled(home, [asked.id for asked, _followed, _shown in outcomes])
    events = events_of(home)
    for case, (asked, _followed, _shown) in zip(CASES, outcomes, strict=True):
        event = next(event for key, event in events.items() if str(key) == asked.id)
        assert (event.outcome, event.error_kind) == (case.state, case.kind), case.directive
        # Refused before it began: it costs nothing.
        began = case.words or case.kind in ("timeout", "empty")
        assert bool(event.total_tokens) == bool(began), case.directive
    _assert_no_secret(log, outcomes)


def _assert_ended(case: Case, asked: Asked, followed: Followed, shown: Shown, log: str) -> None:
    answer = Message.objects.get(pk=asked.id)
    text = "".join(f"mot-{word} " for word in range(case.words))
    assert (answer.state, answer.error_kind) == (case.state, case.kind), case.directive
    assert answer.text == followed.text == text, case.directive
    assert followed.state == shown.state == case.state, case.directive
    if case.kind:
        assert str(message_for(case.kind)) in shown.text and "data-retry" in shown.body, case.directive
        line = next(line for line in log.splitlines() if asked.id in line)
        assert f" {case.kind}: " in line and case.logged in line and "tenant=pannes" in line, line


def _assert_no_secret(log: str, outcomes: list[tuple[Asked, Followed, Shown]]) -> None:
    told = log + "".join(shown.body for _asked, _followed, shown in outcomes)
    secrets = [os.environ[name] for name in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "SECRET_KEY")]
    secrets += [urlsplit(os.environ[name]).password or "" for name in ("DATABASE_URL", "DATABASE_OWNER_URL")]
    for secret in filter(None, secrets):
        assert secret not in told
    assert "Traceback" not in log
