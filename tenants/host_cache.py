"""Cache host -> workspace with three levels: process memory, Redis, database rows.

Process memory costs neither a round trip nor a query, and is used only while the process receives invalidations
(`broadcast`). While Redis is down the rows are read.
"""

import logging
from contextlib import suppress
from uuid import UUID

from django.conf import settings

from tenants import broadcast, host_store, shared_cache
from tenants.breaker import RedisAway
from tenants.context import TenantRef, public_context
from tenants.host_store import Hosts
from tenants.models import Domain, Tenant
from tenants.shared_cache import SharedCache

log = logging.getLogger(__name__)
TOPIC = "hosts"
MAX_HOSTS = 20_000
# Maximum length of a DNS name; a longer one would only fill the caches.
MAX_HOST_LENGTH = 253

_hosts_of: SharedCache[Hosts] = SharedCache(TOPIC, seconds=settings.DOMAIN_CACHE_SECONDS)
# host -> id of the workspace last seen there. Only a hint: the workspace's entry lists its hosts.
_hints: dict[str, str] = {}


def find(host: str) -> TenantRef | None:
    """The workspace at a host name (lower case, no port), or None."""
    if len(host) > MAX_HOST_LENGTH:
        return None
    if shared_cache.changed_here(TOPIC):
        return _rows_at(host).get(host)
    return find_in_memory(host) or _find_in_redis(host)


def find_in_memory(host: str) -> TenantRef | None:
    """The workspace at a host from process memory, or None: no round trip, no query."""
    hosts = _hosts_of.peek(_hints.get(host, ""))
    return hosts.get(host) if hosts else None


def place_hint(host: str) -> str:
    """The id of the workspace last seen at a host, from process memory, or "unknown".

    May be outdated: for fairness between workspaces, never to choose the context of a request.
    """
    return _hints.get(host, "unknown")


def _find_in_redis(host: str) -> TenantRef | None:
    mark = _hosts_of.mark()
    hosts = _hosts_from_redis(host)
    if not hosts:
        return None
    _store_hint(host, str(hosts[host].id))
    _hosts_of.put(str(hosts[host].id), hosts, mark)
    return hosts[host]


def _hosts_from_redis(host: str) -> Hosts:
    try:
        hosts, epoch = host_store.read(host)
    except RedisAway:
        return _rows_at(host)
    if hosts is None:
        hosts = _rows_at(host)
        with suppress(RedisAway):
            host_store.fill(host, hosts, epoch)
    return hosts


def _store_hint(host: str, tenant_id: str) -> None:
    if len(_hints) >= MAX_HOSTS:
        _hints.clear()
    _hints[host] = tenant_id


def _rows_at(host: str) -> Hosts:
    """All hosts of the workspace at `host`. One statement, so that hosts and version are consistent."""
    with public_context():
        rows = Domain.objects.select_related("tenant").filter(tenant__domains__domain=host)
        return {row.domain: row.tenant.ref(row.domain) for row in rows}


def _rows_of(tenant_id: UUID) -> tuple[int | None, Hosts]:
    """The version (None if the workspace does not exist) and all hosts."""
    with public_context():
        version = Tenant.objects.filter(pk=tenant_id).values_list("version", flat=True).first()
        rows = Domain.objects.select_related("tenant").filter(tenant_id=tenant_id)
        hosts = {row.domain: row.tenant.ref(row.domain) for row in rows}
    return next((ref.version for ref in hosts.values()), version), hosts


def forget(tenant_id: UUID) -> None:
    """Invalidate a workspace after a write to its row or one of its domains, in the transaction of that write.

    On commit the new snapshot goes to Redis and every process is notified. For a host that moves between workspaces,
    call it for both.
    """
    _hosts_of.drop(str(tenant_id))
    shared_cache.after_commit(TOPIC, lambda: _publish(tenant_id))


def forget_all() -> None:
    """Invalidate all workspaces with one message, after writes to many rows (fleet migrations)."""
    _hosts_of.drop()
    shared_cache.after_commit(TOPIC, _publish_all)


def _publish(tenant_id: UUID) -> None:
    version, hosts = _rows_of(tenant_id)
    _hosts_of.drop(str(tenant_id))
    try:
        host_store.change(tenant_id, version, hosts)
    except RedisAway:
        log.warning("workspace change not stored in Redis: tenant=%s", tenant_id)
    broadcast.publish(TOPIC, str(tenant_id))


def _publish_all() -> None:
    _hosts_of.drop()
    try:
        host_store.new_epoch()
    except RedisAway:
        log.warning("change of all workspaces not stored in Redis")
    broadcast.publish(TOPIC)


# Changes made while Redis was down are not stored, and its old entries may remain: forget them all.
broadcast.on_recovery(host_store.new_epoch)
