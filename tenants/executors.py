"""Thread pools of a web process: separate and bounded, so that one kind of work cannot starve another.

| pool | runs | threads |
|---|---|---|
| `steps()` | the synchronous parts of admitted requests (tenants/admission.py) | as many as connections |
| `database()` | database work from async code (`tenants.threads.in_thread`) | a third of the pool |
| `responses()` | work for which Django names no executor: error pages and their log lines | 4 |
| `files()` | reading of files being sent | 4 |

A thread of `steps`, `database` and `responses` returns its database connection to the pool after each call, so no
connection is held while waiting for a thread, a second connection or a provider. Pools are created on first use,
because a forked child inherits no threads.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import cache
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, connections

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
RESPONSE_THREADS = 4
FILE_THREADS = 4
# For requests that bypass admission (probes, static files): they must not wait for admitted ones.
SPARE_THREADS = 4


def pool_size() -> int:
    """Maximum number of database connections of this process."""
    pool: dict[str, int] = settings.DATABASES["default"].get("OPTIONS", {}).get("pool") or {}
    return pool.get("max_size", 10)


def database_threads() -> int:
    """Number of connections for answers in progress and streams; the others are for requests."""
    return max(1, pool_size() // 3)


class ReleasingExecutor(ThreadPoolExecutor):
    """A thread pool that returns the thread's database connection after each call."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        return super().submit(_call_and_release, fn, *args, **kwargs)


def _call_and_release(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    try:
        return function(*args, **kwargs)
    finally:
        connections.close_all()


def give_back_connection() -> None:
    """Return this thread's database connection to the pool before waiting for a server or a child process.

    The next query takes one again. Does nothing inside a transaction: do not wait there.
    """
    if not connection.in_atomic_block:
        connection.close()


class StepsOfRequest(Executor):
    """Executor of one request that submits to `steps()`. asgiref would otherwise give each request its own thread."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        return steps().submit(fn, *args, **kwargs)


@cache
def steps() -> ReleasingExecutor:
    return ReleasingExecutor(pool_size() + SPARE_THREADS, thread_name_prefix="ruche-step")


@cache
def database() -> ReleasingExecutor:
    return ReleasingExecutor(database_threads(), thread_name_prefix="ruche-database")


@cache
def responses() -> ReleasingExecutor:
    return ReleasingExecutor(RESPONSE_THREADS, thread_name_prefix="ruche-response")


@cache
def files() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(FILE_THREADS, thread_name_prefix="ruche-file")


def set_default_executor() -> None:
    """Make `responses()` the default executor of the running loop, which Django uses for error pages."""
    asyncio.get_running_loop().set_default_executor(responses())


async def in_database(
    function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Call `function` in a thread of `database()`, in the caller's context, then return its connection."""
    return await sync_to_async(function, thread_sensitive=False, executor=database())(*args, **kwargs)
