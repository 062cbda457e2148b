"""Database work from async code, on a connection that is held only during the work."""

from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

from tenants.context import TenantRef, tenant_context
from tenants.executors import in_database

Result = TypeVar("Result")


async def in_thread(tenant: TenantRef, function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Call `function` in a thread for database work, in the context of `tenant`, then free its connection.

    These threads are few: `function` must not wait for a provider, for Redis or for another call of `in_thread`.
    """

    def work() -> Result:
        with tenant_context(tenant):
            return function(*args, **kwargs)

    return await in_database(work)


async def release_request_connection() -> None:
    """Return the connection of the request's thread to the pool; otherwise a stream would hold it until its end."""
    await sync_to_async(connections.close_all)()
