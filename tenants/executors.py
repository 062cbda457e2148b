"""The threads of a web process: bounded sets, none of which can fill up with the work of another.

| set | what it runs | threads |
|---|---|---|
| `steps()` | the synchronous parts of requests at work (tenants/admission.py bounds these) | as many as connections |
| `database()` | database work from async code (`conversations.threads.in_thread`) | a third of the pool |
| `responses()` | what Django itself sends to a thread: error pages and their log lines | 4 |
| `files()` | the reading of files that are sent | 4 |
| `rendering()` | Markdown and other pure computation that would hold up the loop; no database | 2 |

A thread of `steps`, `database` and `responses` gives its database connection back to the pool after each call. So
nobody holds a connection while waiting for something else: for a thread, for a second connection, for the provider.
They are made when first used, because a forked child has no threads.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import cache
from typing import Any, ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection, connections

Given = ParamSpec("Given")
Result = TypeVar("Result")
RESPONSE_THREADS = 4
FILE_THREADS = 4
RENDERING_THREADS = 2
# Steps of requests that are not bounded by admission (probes, static files) must not wait for those that are.
SPARE_THREADS = 4


def pool_size() -> int:
    """The most database connections this process has at a time."""
    pool: dict[str, int] = settings.DATABASES["default"].get("OPTIONS", {}).get("pool") or {}
    return pool.get("max_size", 10)


def database_threads() -> int:
    """How many connections answers under way and streams may use together; the other ones are for requests."""
    return max(1, pool_size() // 3)


class ReleasingExecutor(ThreadPoolExecutor):
    """Threads that keep no database connection between two calls."""

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        return super().submit(_released, fn, *args, **kwargs)


def _released(function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    try:
        return function(*args, **kwargs)
    finally:
        connections.close_all()


def give_back_connection() -> None:
    """Before waiting for somebody else (a server, a child process): this thread's connection goes back to the pool.

    The next query takes one again. Inside a transaction nothing is given back: do not wait there.
    """
    if not connection.in_atomic_block:
        connection.close()


class StepsOfRequest(Executor):
    """One request's view of `steps()`: given to asgiref, so that a request has no thread of its own."""

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


@cache
def rendering() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(RENDERING_THREADS, thread_name_prefix="ruche-render")


def take_over_default() -> None:
    """Have the running loop use `responses()` wherever code names no executor; Django names none for error pages."""
    asyncio.get_running_loop().set_default_executor(responses())


async def in_database(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Call `function` in a thread of `database()`, in the caller's context; its connection is given back after it."""
    return await sync_to_async(function, thread_sensitive=False, executor=database())(*args, **kwargs)


async def in_renderer(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Call a pure computation in a thread of `rendering()`, in the caller's context. It may not ask the database."""
    return await sync_to_async(function, thread_sensitive=False, executor=rendering())(*args, **kwargs)
