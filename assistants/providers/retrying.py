"""Asking again, by our own table: the SDKs retry by the status alone, and wait as long as a server says."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from assistants.providers.control import StreamControl
from assistants.providers.types import ErrorKind, ProviderError

ResultT = TypeVar("ResultT")

# Retried by ourselves only while nothing was shown, and only when a short wait may help. Never by the status alone: a
# 429 may be an exhausted credit, a 500 a context that is too long, and either would only fail again.
START_RETRIED: frozenset[ErrorKind] = frozenset({"connection", "overloaded", "rate_limit"})
# A server's own failure that says nothing of its cause.
RETRIED_STATUSES = frozenset({500, 502, 503, 520, 529})
LONGEST_WAIT = 8.0


async def persist(
    name: str,
    action: Callable[[], Awaitable[ResultT]],
    *,
    retries: int,
    within: float,
    control: StreamControl | None = None,
    pays_once: bool = False,
) -> ResultT:
    """Do something that can be begun again, at most `retries` times more, all within so many seconds.

    `pays_once`: not again where the provider may have been paid. An image is dear, and made to its end even for a
    client that is gone; a stream ends with its connection, so the start of an answer is asked again.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    for attempt in range(retries + 1):
        try:
            return await _within(deadline, action, control)
        except TimeoutError:
            raise ProviderError("timeout", f"{name}: nothing came within {within:g} s", may_be_paid=True) from None
        except ProviderError as error:
            wait = None if pays_once and error.may_be_paid else _wait_before_retry(error, attempt)
            if wait is None or attempt == retries or loop.time() + wait >= deadline:
                raise
            failed = error
        with contextlib.suppress(TimeoutError):
            await _within(deadline, partial(asyncio.sleep, wait), control)
        if control is not None and control.stopped:
            raise failed
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _within(deadline: float, action: Callable[[], Awaitable[ResultT]], control: StreamControl | None) -> ResultT:
    """Raises `TimeoutError` at the deadline, or a moment after a stop."""
    try:
        async with asyncio.timeout_at(deadline) as limit:
            if control is not None:
                control.wait_within(limit)
            return await action()
    finally:
        if control is not None:
            control.waits_no_more()


def _wait_before_retry(error: ProviderError, attempt: int) -> float | None:
    """Seconds, or None to give up: people are waiting, a clear error soon beats an answer after a minute."""
    if error.kind not in START_RETRIED and not (error.kind == "unknown" and error.status in RETRIED_STATUSES):
        return None
    if error.retry_after is not None:
        return error.retry_after if 0 <= error.retry_after <= LONGEST_WAIT else None
    return float(0.5 * 2**attempt * random.uniform(0.75, 1))  # noqa: S311 - a wait, not a secret
