"""What runs in the worker: its parent, which remembers workspaces before it forks, and the jobs that look.

What a job sees it pushes to the Redis list `ANSWERS`, as JSON. Moments are of the machine's monotonic clock.
"""

import json
import os
import time
from contextlib import suppress
from typing import Any
from uuid import UUID

from plans import entitlements
from tenants import host_cache, selectors, shared_cache
from tenants.breaker import quick_client
from tenants.context import TenantRef, current_tenant, public_context
from tenants.models import Tenant
from tenants.queue import TenantWorker
from tenants.services import ReadOnlyWorkspace

ANSWERS = "ruche:test:answers"
WATCH_SECONDS = 10.0
# Whether the parent remembered the workspace when it forked: a child inherits the word, and must not the memory.
_parent = {"remembers": False}


class RememberingWorker(TenantWorker):
    """Ours runs nothing of a workspace in the parent; this one does, before each job."""

    def fork_work_horse(self, job: Any, queue: Any) -> None:
        # A job may be left of a workspace that is gone.
        with suppress(Tenant.DoesNotExist, TypeError):
            tenant = selectors.tenant_ref(UUID(job.kwargs.get("tenant_id")))
            _parent["remembers"] = _until(lambda: _remembers(tenant))
        super().fork_work_horse(job, queue)


def look(item_id: str) -> None:
    """Say what a job that begins now sees, and whether it may change an item."""
    inherited = sum(len(cache._entries) for cache in shared_cache._caches)
    said = {"inherited": inherited, "parent_remembers": _parent["remembers"], "at": time.monotonic()}
    tenant = current_tenant()
    answer = said | {"in_context": tenant.state, "wrote": _wrote(item_id)} | _seen(tenant)
    _say(answer)


def watch(wanted: dict[str, Any]) -> None:
    """Say once that this child remembers the workspace, then the moment at which it sees what is wanted."""
    tenant = current_tenant()
    _until(lambda: _remembers(tenant))
    _say({"pid": os.getpid()})
    _until(lambda: wanted.items() <= _seen(tenant).items())
    _say({"at": time.monotonic()} | _seen(tenant))


def _seen(tenant: TenantRef) -> dict[str, Any]:
    rights, found = entitlements.for_tenant(tenant), selectors.tenant_for_host(tenant.domain)
    return {
        "state": found and found.state,
        "plan": found and found.plan_code,
        "plan_of_rights": rights.plan_code,
        "seats": int(rights.limit("seats") or 0),
        "analytics": rights.has("analytics"),
    }


def _wrote(item_id: str) -> bool:
    from library.models import Item
    from library.services import item_edit

    try:
        item_edit(item=Item.objects.get(pk=item_id), title="by a job", tags=[])
    except ReadOnlyWorkspace:
        return False
    return True


def _remembers(tenant: TenantRef) -> bool:
    with public_context():
        _seen(tenant)
    return bool(host_cache.find_in_memory(tenant.domain) and entitlements._cache.peek(str(tenant.id)))


def _until(so: Any) -> bool:
    until = time.monotonic() + WATCH_SECONDS
    while not so() and time.monotonic() < until:
        time.sleep(0.005)
    return bool(so())


def _say(answer: dict[str, Any]) -> None:
    quick_client().rpush(ANSWERS, json.dumps(answer))
