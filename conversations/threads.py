"""Database work from async code, on a connection held no longer than the work."""

from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import sync_to_async
from django.db import connections

from tenants.context import TenantRef, tenant_context

Result = TypeVar("Result")


async def in_thread(tenant: TenantRef, function: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
    """Call `function` in a thread of the pool, inside `tenant`; its connection goes back to the pool at the end."""

    def work() -> Result:
        with tenant_context(tenant):
            try:
                return function(*args, **kwargs)
            finally:
                connections.close_all()

    return await sync_to_async(work, thread_sensitive=False)()


async def release_request_connection() -> None:
    """Give back the connection of the request's own thread: a stream would hold it to its end."""
    await sync_to_async(connections.close_all)()
