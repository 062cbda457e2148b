"""End dates of models from a provider's list of models."""

import asyncio
import datetime as dt
import json
from typing import Any

from assistants.providers.base import Provider, StreamingProvider
from assistants.providers.types import ProviderError

LIST_SECONDS = 20.0
# Limit in bytes of a list of models; OpenAI's with a hundred models has 20 KB.
LIST_BYTES = 2_000_000
MAX_MODELS = 5_000


async def read_ends(provider: Provider) -> dict[str, dt.date]:
    """End dates by model name, for models with a `shutdown_date` in the list. Raises ProviderError."""
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
    ends = {}
    for row in (rows if isinstance(rows, list) else [])[:MAX_MODELS]:
        day = _day(row.get("shutdown_date")) if isinstance(row, dict) else None
        if day is not None and isinstance(row.get("id"), str):
            ends[row["id"]] = day
    return ends


async def _body(models: Any) -> bytes:
    body = b""
    async with models.with_streaming_response.list() as response:
        async for chunk in response.iter_bytes():
            body += chunk
            if len(body) > LIST_BYTES:
                raise ProviderError("unknown", f"the list of models is longer than {LIST_BYTES} bytes")
    return body


def _day(value: Any) -> dt.date | None:
    """Parse a date in ISO 8601, with or without a time, or in seconds since 1970; None for anything else."""
    try:
        if isinstance(value, str):
            return dt.date.fromisoformat(value[:10])
        if isinstance(value, int) and not isinstance(value, bool):
            return dt.datetime.fromtimestamp(value, dt.UTC).date()
    except (ValueError, OverflowError, OSError):
        return None
    return None
