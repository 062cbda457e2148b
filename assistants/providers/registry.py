"""The configured providers, with one client of each per event loop."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import Any

from django.conf import settings

from assistants.providers.base import Provider, Timeouts
from assistants.providers.types import ProviderNotConfigured

NAMES = ("openai", "anthropic", "local")

_MISSING = {
    "openai": "set OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible server",
    "anthropic": "set ANTHROPIC_API_KEY",
    "local": "set RUCHE_LOCAL_MODEL_URL",
}
_OWN_HOSTS = ("api.openai.com", "api.anthropic.com")


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    name: str
    api_key: str = ""
    base_url: str = ""
    timeouts: Timeouts = Timeouts()  # noqa: RUF009 - frozen
    retries: int = 2

    @property
    def usable(self) -> bool:
        """Whether there is a key, or the URL of a server that may need none."""
        if self.name == "local":
            return bool(self.base_url)
        return bool(self.api_key) or bool(self.base_url and not any(host in self.base_url for host in _OWN_HOSTS))


# Clients by process and event loop, since connections can be shared with neither another loop nor a forked child.
_clients: dict[tuple[int, asyncio.AbstractEventLoop], dict[ProviderConfig, Provider]] = {}


def get_provider(name: str) -> Provider:
    """The configured provider, reused by all calls of this event loop. Call it from async code."""
    config = _config(name)
    if not config.usable:
        raise ProviderNotConfigured(f"The provider {name!r} is not configured: {_MISSING[name]}.")
    clients = _clients_of(asyncio.get_running_loop())
    if config not in clients:
        clients[config] = _build(config)
    return clients[config]


def available() -> list[str]:
    """The names that `get_provider` accepts in this installation."""
    return [name for name in NAMES if _config(name).usable]


def preload() -> None:
    """Import the SDKs of the configured providers at startup, so that the first answer is not delayed."""
    for name in available():
        module = "anthropic_messages" if name == "anthropic" else "openai_chat"
        import_module(f"assistants.providers.{module}")


async def close_providers() -> None:
    """Close this event loop's clients (at shutdown)."""
    for provider in _clients.pop((os.getpid(), asyncio.get_running_loop()), {}).values():
        await provider.aclose()


def _clients_of(loop: asyncio.AbstractEventLoop) -> dict[ProviderConfig, Provider]:
    here = (os.getpid(), loop)
    if here not in _clients:
        # Remove closed loops (one per asyncio.run) with their sockets.
        for key in [key for key in _clients if key[0] != here[0] or key[1].is_closed()]:
            _clients.pop(key, None)
        _clients[here] = {}
    return _clients[here]


def _config(name: str) -> ProviderConfig:
    if name not in NAMES:
        raise ProviderNotConfigured(f"There is no provider {name!r}: choose one of {', '.join(NAMES)}.")
    values: Mapping[str, Any] = settings.PROVIDERS.get(name) or {}
    return ProviderConfig(
        name=name,
        api_key=values.get("api_key") or "",
        base_url=values.get("base_url") or "",
        timeouts=Timeouts(**values.get("timeouts", {})),
        retries=values.get("retries", 2),
    )


def _build(config: ProviderConfig) -> Provider:
    arguments: dict[str, Any] = {field.name: getattr(config, field.name) for field in fields(config)}
    # Imported here, since the SDKs take a second to load, which would slow down all management commands.
    if config.name == "anthropic":
        from assistants.providers.anthropic_messages import AnthropicMessages

        return AnthropicMessages(**arguments)
    from assistants.providers.openai_chat import OpenAIChat

    return OpenAIChat(**arguments)
