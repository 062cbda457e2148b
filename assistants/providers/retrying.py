"""Retries of provider calls. The SDKs' own retries are off: they consider the status only, and any Retry-After."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

from assistants.providers.control import StreamControl
from assistants.providers.types import ErrorKind, ProviderError

ResultT = TypeVar("ResultT")

# Kinds of errors that are retried, while no text has been shown and a short wait may help. Not by the status alone: a
# 429 may be an exhausted credit, and a 500 a context that is too long, which would fail again.
START_RETRIED: frozenset[ErrorKind] = frozenset({"connection", "overloaded", "rate_limit"})
# Server errors without a known cause that are retried.
RETRIED_STATUSES = frozenset({500, 502, 503, 520, 529})
MAX_WAIT_SECONDS = 8.0


async def persist(
    name: str,
    action: Callable[[], Awaitable[ResultT]],
    *,
    retries: int,
    within: float,
    control: StreamControl | None = None,
    pays_once: bool = False,
) -> ResultT:
    """Run an action with at most `retries` retries, all within `within` seconds. Raises ProviderError.

    `pays_once`: no retry if the call may be charged. That is for images, which are expensive and completed even if the
    client disconnects; a stream ends with its connection, so starting an answer is retried.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    for attempt in range(retries + 1):
        try:
            return await _run_before(deadline, action, control)
        except TimeoutError:
            raise ProviderError("timeout", f"{name}: nothing came within {within:g} s", may_be_paid=True) from None
        except ProviderError as error:
            delay = None if pays_once and error.may_be_paid else _wait_before_retry(error, attempt)
            if delay is None or attempt == retries or loop.time() + delay >= deadline:
                raise
            failed = error
        with contextlib.suppress(TimeoutError):
            await _run_before(deadline, partial(asyncio.sleep, delay), control)
        if control is not None and control.stopped:
            raise failed
    raise AssertionError("unreachable: the last attempt returns or raises")


async def _run_before(
    deadline: float, action: Callable[[], Awaitable[ResultT]], control: StreamControl | None
) -> ResultT:
    """Run an action. Raises `TimeoutError` at the deadline, or shortly after a stop."""
    try:
        async with asyncio.timeout_at(deadline) as limit:
            if control is not None:
                control.wait_within(limit)
            return await action()
    finally:
        if control is not None:
            control.clear_wait()


def _wait_before_retry(error: ProviderError, attempt: int) -> float | None:
    """Seconds to wait before a retry, or None to give up. Long waits are refused, since a user is waiting."""
    if error.kind not in START_RETRIED and not (error.kind == "unknown" and error.status in RETRIED_STATUSES):
        return None
    if error.retry_after is not None:
        return error.retry_after if 0 <= error.retry_after <= MAX_WAIT_SECONDS else None
    return float(0.5 * 2**attempt * random.uniform(0.75, 1))  # noqa: S311 - a wait, not a secret
