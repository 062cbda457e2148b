"""What a provider's list of models says of their ends."""

import asyncio
import datetime as dt
import json
from typing import Any

from assistants.providers.base import Provider, StreamingProvider
from assistants.providers.types import ProviderError

LIST_SECONDS = 20.0
# OpenAI's list of a hundred models takes 20 KB; a server that sends more than this is not read to its end.
LIST_BYTES = 2_000_000
MOST_MODELS = 5_000


async def read_ends(provider: Provider) -> dict[str, dt.date]:
    """The day each model is shut down, by name, for those that the provider gives one (`shutdown_date`).

    Raises ProviderError.
    """
    if not isinstance(provider, StreamingProvider):
        return {}
    try:
        async with asyncio.timeout(LIST_SECONDS):
            body = await provider.guard(lambda: _body(provider.models()), opened=False)
    except TimeoutError:
        raise ProviderError("timeout", f"{provider.name}: its list of models did not come") from None
    try:
        value = json.loads(body)
    except ValueError:
        raise ProviderError("unknown", f"{provider.name}: its list of models is not JSON") from None
    rows = value.get("data") if isinstance(value, dict) else None
    found = {}
    for row in (rows if isinstance(rows, list) else [])[:MOST_MODELS]:
        day = _day(row.get("shutdown_date")) if isinstance(row, dict) else None
        if day is not None and isinstance(row.get("id"), str):
            found[row["id"]] = day
    return found


async def _body(models: Any) -> bytes:
    body = b""
    async with models.with_streaming_response.list() as response:
        async for chunk in response.iter_bytes():
            body += chunk
            if len(body) > LIST_BYTES:
                raise ProviderError("unknown", f"the list of models is longer than {LIST_BYTES} bytes")
    return body


def _day(value: Any) -> dt.date | None:
    """A day as ISO 8601, with or without a time, or as seconds since 1970; None for anything else."""
    try:
        if isinstance(value, str):
            return dt.date.fromisoformat(value[:10])
        if isinstance(value, int) and not isinstance(value, bool):
            return dt.datetime.fromtimestamp(value, dt.UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
    return None
