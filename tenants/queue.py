"""Background jobs: the one module that knows django-rq.

A job is a function named by its dotted path, with JSON-like keyword arguments. It is enqueued when the transaction
commits, carries the workspace it was asked for in, and runs in exactly that context; without one it is refused.
Jobs are idempotent: a retry may run one twice.
"""

import logging
from typing import Any
from uuid import UUID

import django_rq
from django.db import connections, transaction
from django.utils.module_loading import import_string
from redis.exceptions import RedisError
from rq import Retry, Worker
from rq.job import Job
from rq.timeouts import JobTimeoutException as JobTimeout

from tenants import selectors
from tenants.breaker import REDIS, RedisAway, quick_bytes_client
from tenants.context import TenantRef, current, no_context, public_context, tenant_context
from tenants.fleet.applied import WorkspaceBehind, is_behind
from tenants.models import Tenant

__all__ = ["JobTimeout", "TenantWorker", "enqueue", "enqueue_everywhere", "run", "run_public"]

log = logging.getLogger(__name__)
RETRY_SECONDS = [5, 30, 120, 600]


def enqueue(name: str, **kwargs: Any) -> None:
    """Run `name(**kwargs)` in a worker, in the present context, once the transaction has committed.

    Raises `NoTenant` where there is no context.
    """
    context = current()
    tenant_id = str(context.id) if isinstance(context, TenantRef) else None
    transaction.on_commit(lambda: _push(name, tenant_id, kwargs))


def enqueue_everywhere(name: str) -> int:
    """Run `name()` once in public and once in each workspace, each in a job of its own; how many jobs.

    What runs by the clock asks so: a schema that takes long or fails holds up no other.
    """
    with public_context():
        keys = [str(key) for key in Tenant.objects.values_list("pk", flat=True)]

    def push() -> None:
        for tenant_id in (None, *keys):
            _push(name, tenant_id, {})

    transaction.on_commit(push)
    return 1 + len(keys)


def _push(name: str, tenant_id: str | None, kwargs: dict[str, Any]) -> None:
    def enqueued() -> None:
        django_rq.get_queue("default", connection=quick_bytes_client()).enqueue(
            run,
            kwargs={"name": name, "tenant_id": tenant_id, "arguments": kwargs},
            retry=Retry(max=len(RETRY_SECONDS), interval=RETRY_SECONDS),
            description=f"{name} tenant={tenant_id or 'public'}",
            result_ttl=3600,
            failure_ttl=30 * 24 * 3600,
        )

    try:
        # A page waits for it, with a connection to the database.
        REDIS.call(enqueued)
    except (RedisAway, RedisError):
        # The act is committed, and its page says so. What runs by the clock (config/cron.py) takes it up.
        log.exception("job not asked for, Redis is away: %s", name)


def run(*, name: str, tenant_id: str | None, arguments: dict[str, Any]) -> Any:
    """What a worker calls: the function, in the context the job was asked for in, starting from none."""
    with no_context():
        function = import_string(name)
        if tenant_id is None:
            with public_context():
                return function(**arguments)
        tenant = selectors.tenant_ref(UUID(tenant_id))
        if is_behind(tenant):
            # The queue tries again later.
            raise WorkspaceBehind(tenant.slug)
        with tenant_context(tenant):
            return function(**arguments)


def run_public(name: str) -> Any:
    """A scheduled job of the platform itself (config/cron.py)."""
    return run(name=name, tenant_id=None, arguments={})


class TenantWorker(Worker):
    """A worker whose forked children do not inherit its database connections."""

    def fork_work_horse(self, job: Job, queue: Any) -> None:
        connections.close_all()
        for connection in connections.all(initialized_only=True):
            if getattr(connection, "pool", None):
                connection.close_pool()  # type: ignore[attr-defined]
        super().fork_work_horse(job, queue)
