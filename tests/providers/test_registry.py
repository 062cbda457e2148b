"""Which providers there are, and one client of each per event loop."""

import asyncio
from collections.abc import Iterator

import pytest
from django.test import override_settings

from assistants.providers import registry
from assistants.providers.base import StreamingProvider
from assistants.providers.registry import available, close_providers, get_provider
from assistants.providers.types import ProviderNotConfigured
from fakes.llm.directives import TEXT
from fakes.llm.server import Handle
from tests.providers.conftest import KEY, ask, read


@pytest.fixture
def configured(fake: Handle) -> Iterator[None]:
    providers = {
        "openai": {"api_key": KEY, "base_url": fake.openai_url},
        "anthropic": {"api_key": KEY, "base_url": fake.anthropic_url, "timeouts": {"between": 5.0}, "retries": 1},
        "local": {"base_url": fake.url},
    }
    with override_settings(PROVIDERS=providers):
        yield


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["openai", "anthropic", "local"])
@pytest.mark.usefixtures("configured")
async def test_each_one_answers_under_its_name(name: str) -> None:
    provider = get_provider(name)
    assert provider.name == name
    assert (await read(provider, ask("Bonjour")))[0] == TEXT
    await close_providers()


@pytest.mark.asyncio
@pytest.mark.usefixtures("configured")
async def test_a_client_is_reused_and_follows_the_settings() -> None:
    first = get_provider("anthropic")
    assert get_provider("anthropic") is first
    assert isinstance(first, StreamingProvider)
    assert (first.timeouts.between, first.retries) == (5.0, 1)
    with override_settings(PROVIDERS={"anthropic": {"api_key": "another"}}):
        assert get_provider("anthropic") is not first
    await close_providers()


@pytest.mark.usefixtures("configured")
def test_closed_event_loops_are_forgotten() -> None:
    async def use() -> object:
        return get_provider("openai")

    assert asyncio.run(use()) is not asyncio.run(use())
    asyncio.run(use())
    assert len(registry._clients) == 1


@pytest.mark.parametrize(
    ("providers", "names"),
    [
        ({}, []),
        ({"openai": {"api_key": "", "base_url": ""}, "anthropic": {"api_key": None}, "local": {}}, []),
        ({"openai": {"api_key": "", "base_url": "https://api.openai.com/v1"}}, []),
        ({"openai": {"base_url": "http://models.test:8000/v1"}}, ["openai"]),
        ({"openai": {"api_key": "k"}, "anthropic": {"api_key": "k"}}, ["openai", "anthropic"]),
        ({"local": {"base_url": "http://127.0.0.1:9000"}}, ["local"]),
    ],
)
def test_available(providers: dict[str, dict[str, str]], names: list[str]) -> None:
    with override_settings(PROVIDERS=providers):
        assert available() == names


@pytest.mark.asyncio
async def test_an_unconfigured_provider_names_the_missing_setting() -> None:
    with override_settings(PROVIDERS={}):
        with pytest.raises(ProviderNotConfigured, match="ANTHROPIC_API_KEY"):
            get_provider("anthropic")
        with pytest.raises(ProviderNotConfigured, match="openai, anthropic, local"):
            get_provider("mistral")
