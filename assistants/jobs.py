"""Scheduled job that reads the end dates of models from providers and warns operators."""

import asyncio
import datetime as dt
import logging

from assistants.ends import save_end_dates, warn_of_ends
from assistants.models import Model
from assistants.providers.listing import read_ends
from assistants.providers.registry import available, close_providers, get_provider
from assistants.providers.types import ProviderError, ProviderNotConfigured

log = logging.getLogger(__name__)


def watch_ends() -> int:
    """Read the end dates from all configured providers, then warn. Returns the number of warnings. Runs daily.

    All providers are called before the first query, so that no connection is held meanwhile.
    """
    ends_by_provider = {name: ends for name in available() if name != Model.Provider.LOCAL and (ends := _ends_of(name))}
    for name, ends in ends_by_provider.items():
        save_end_dates(name, ends)
    return warn_of_ends()


def _ends_of(name: str) -> dict[str, dt.date]:
    """End dates by model name; empty if the provider does not answer (the next run tries again)."""
    try:
        return asyncio.run(_read_ends(name))
    except (ProviderError, ProviderNotConfigured) as error:
        log.warning("ends of models not read provider=%s %s", name, error)
        return {}


async def _read_ends(name: str) -> dict[str, dt.date]:
    try:
        return await read_ends(get_provider(name))
    finally:
        await close_providers()
