"""Scheduled: what providers say of their models' ends is kept, and operators are warned in time."""

import asyncio
import datetime as dt
import logging

from assistants.ends import ends_learn, warn_of_ends
from assistants.models import Model
from assistants.providers.listing import read_ends
from assistants.providers.registry import available, close_providers, get_provider
from assistants.providers.types import ProviderError, ProviderNotConfigured

log = logging.getLogger(__name__)


def watch_ends() -> int:
    """Ask each configured provider when its models end, then warn; how many warnings. Scheduled daily.

    All are asked before the database is.
    """
    found = {name: ends for name in available() if name != Model.Provider.LOCAL and (ends := _ends_of(name))}
    for name, ends in found.items():
        ends_learn(name, ends)
    return warn_of_ends()


def _ends_of(name: str) -> dict[str, dt.date]:
    """Nothing where the provider does not answer: it is asked again tomorrow."""
    try:
        return asyncio.run(_ask(name))
    except (ProviderError, ProviderNotConfigured) as error:
        log.warning("ends of models not read provider=%s %s", name, error)
        return {}


async def _ask(name: str) -> dict[str, dt.date]:
    try:
        return await read_ends(get_provider(name))
    finally:
        await close_providers()
