"""The fake provider, one for all these tests, and a client of each dialect pointed at it."""

import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing

import django
import pytest
import pytest_asyncio
from django.conf import settings

if not settings.configured and "DJANGO_SETTINGS_MODULE" not in os.environ:
    settings.configure(PROVIDERS={}, USE_I18N=True, LANGUAGE_CODE="fr")
    django.setup()

from assistants.providers import quirks
from assistants.providers.anthropic_messages import AnthropicMessages
from assistants.providers.base import Provider, Timeouts
from assistants.providers.control import StreamControl
from assistants.providers.openai_chat import OpenAIChat
from assistants.providers.types import ChatMessage, ChatRequest, Delta, Finished
from fakes.llm import server

KEY = "sk-test-51H8cretK3yThatMustNeverBeLogged"

Make = Callable[..., Provider]


@pytest.fixture(scope="session")
def fake() -> Iterator[server.Handle]:
    handle = server.start()
    yield handle
    handle.stop()


@pytest.fixture(autouse=True)
def _forgotten(request: pytest.FixtureRequest) -> None:
    quirks.forget()
    if "fake" in request.fixturenames:
        request.getfixturevalue("fake").forget()


@pytest_asyncio.fixture
async def make(fake: server.Handle) -> AsyncIterator[Make]:
    """make("openai", retries=0, between=0.3): clients that are closed after the test."""
    made: list[Provider] = []

    def build(dialect: str, *, retries: int = 0, api_key: str = KEY, **seconds: float) -> Provider:
        timeouts = Timeouts(**seconds)
        if dialect == "openai":
            url = fake.openai_url
            provider: Provider = OpenAIChat(api_key=api_key, base_url=url, timeouts=timeouts, retries=retries)
        else:
            url = fake.anthropic_url
            provider = AnthropicMessages(api_key=api_key, base_url=url, timeouts=timeouts, retries=retries)
        made.append(provider)
        return provider

    yield build
    for provider in made:
        await provider.aclose()


def ask(text: str, *, system: str = "Vous aidez.", limit: int = 4000, temperature: float | None = None) -> ChatRequest:
    return ChatRequest("fake-small", system, [ChatMessage("user", text)], limit, temperature)


async def read(
    provider: Provider, request: ChatRequest, control: StreamControl | None = None
) -> tuple[str, list[Finished]]:
    """The text, and every Finished (there must be one, last)."""
    texts: list[str] = []
    ends: list[Finished] = []
    async with aclosing(provider.stream(request, control)) as events:
        async for event in events:
            if isinstance(event, Delta):
                assert not ends, "text after the end"
                texts.append(event.text)
            else:
                ends.append(event)
    return "".join(texts), ends


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "local_model: needs the demonstration model (skipped without it)")
