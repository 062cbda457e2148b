"""Background jobs; the only module that imports django-rq.

A job is a function named by its dotted path, with JSON-like keyword arguments. It is enqueued when the transaction
commits, carries the context in which it was enqueued, and runs in that context; without a context `enqueue` raises.
Jobs must be idempotent: a retry may run one twice.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ParamSpec, overload
from uuid import UUID

import django_rq
from django.conf import settings
from django.db import connections, transaction
from django.utils.module_loading import import_string
from redis.exceptions import RedisError
from rq import Retry, Worker
from rq.job import Job
from rq.timeouts import JobTimeoutException as JobTimeout

from tenants import bell, selectors
from tenants.breaker import REDIS, RedisAway, quick_bytes_client, quick_client
from tenants.context import TenantRef, current, no_context, public_context, tenant_context
from tenants.fleet.applied import WorkspaceBehind, is_behind
from tenants.models import Tenant

__all__ = [
    "JobTimeout",
    "TenantWorker",
    "ask_once",
    "dotted_name",
    "enqueue",
    "enqueue_everywhere",
    "run",
    "run_public",
]

log = logging.getLogger(__name__)
P = ParamSpec("P")
RETRY_SECONDS = [5, 30, 120, 600]
# A job of `ask_once` that has not begun after so long counts as lost.
ASKED_SECONDS = 60


@overload
def enqueue(job: Callable[P, object], *no_arguments: P.args, **kwargs: P.kwargs) -> None: ...
@overload
def enqueue(job: str, **kwargs: Any) -> None: ...
def enqueue(job: Callable[..., object] | str, *no_arguments: Any, **kwargs: Any) -> None:
    """Run `job(**kwargs)` in a worker, in the current context, after the transaction has committed.

    `job` is a function of a module; its dotted name where the import contracts forbid to import it.
    Raises `NoTenant` without a context, `ValueError` for a function that no name leads to.
    """
    if no_arguments:
        raise ValueError("a job takes keywords only")
    name, context = dotted_name(job), current()
    tenant_id = str(context.id) if isinstance(context, TenantRef) else None
    transaction.on_commit(lambda: _push(name, tenant_id, kwargs))


def dotted_name(job: Callable[..., object] | str) -> str:
    """The name by which a worker imports a job. Raises `ValueError` for a method, a lambda or an inner function."""
    if isinstance(job, str):
        return job
    name: str = job.__qualname__
    if "." in name or "<" in name:
        raise ValueError(f"{job.__module__}.{name} is no function of a module: a worker cannot import it")
    return f"{job.__module__}.{name}"


def enqueue_everywhere(job: Callable[[], object] | str) -> int:
    """Run `job()` once in public and once in each workspace, each in a job of its own. Returns the number of jobs.

    For scheduled work: a slow or failing schema does not delay the others.
    """
    name = dotted_name(job)
    with public_context():
        keys = [str(key) for key in Tenant.objects.values_list("pk", flat=True)]

    def push() -> None:
        for tenant_id in (None, *keys):
            _push(name, tenant_id, {})

    transaction.on_commit(push)
    return 1 + len(keys)


def ask_once(name: str) -> None:
    """Enqueue `name()` in the public schema, unless it is enqueued already and has not begun.

    It waits for Redis: code with a transaction or a connection calls `bell.ring` instead.
    """

    def is_first() -> bool:
        return bool(quick_client().set(_asked_key(name), 1, nx=True, ex=ASKED_SECONDS))

    try:
        if REDIS.call(is_first):
            _push(name, None, {}, once=True)
    except (RedisAway, RedisError):
        log.warning("job not enqueued, Redis is down: %s", name)


def _asked_key(name: str) -> str:
    return f"ruche:asked:{name}"


def _push(name: str, tenant_id: str | None, kwargs: dict[str, Any], *, once: bool = False) -> None:
    job = {"name": name, "tenant_id": tenant_id, "arguments": kwargs} | ({"once": True} if once else {})

    def push_job() -> None:
        django_rq.get_queue("default", connection=quick_bytes_client()).enqueue(
            run,
            kwargs=job,
            retry=Retry(max=len(RETRY_SECONDS), interval=RETRY_SECONDS),
            description=f"{name} tenant={tenant_id or 'public'}",
            result_ttl=3600,
            failure_ttl=30 * 24 * 3600,
        )

    try:
        # A page waits for this call with a database connection, so it goes through the breaker.
        REDIS.call(push_job)
    except (RedisAway, RedisError):
        # The transaction is committed, so the page must not fail. Scheduled jobs (config/cron.py) catch up.
        log.exception("job not enqueued, Redis is down: %s", name)


def run(*, name: str, tenant_id: str | None, arguments: dict[str, Any], once: bool = False) -> Any:
    """Entry point of a worker: call the function in the context the job carries.

    `once`: the job comes from `ask_once`; once it begins it may be enqueued again.
    Raises `WorkspaceBehind` if the schema lacks a migration of this code.
    """
    if once:
        with suppress(RedisAway):
            REDIS.call(lambda: quick_client().delete(_asked_key(name)))
    try:
        return _run(name, tenant_id, arguments)
    finally:
        bell.flush()


def _run(name: str, tenant_id: str | None, arguments: dict[str, Any]) -> Any:
    with no_context():
        function = import_string(settings.FORMER_JOB_NAMES.get(name, name))
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
    """An rq worker that closes its database connections before each fork."""

    def fork_work_horse(self, job: Job, queue: Any) -> None:
        connections.close_all()
        for connection in connections.all(initialized_only=True):
            if getattr(connection, "pool", None):
                connection.close_pool()  # type: ignore[attr-defined]
        super().fork_work_horse(job, queue)
