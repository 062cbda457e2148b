"""Host -> workspace: in the process first, then in Redis, then in the rows.

In the process it costs neither a round trip nor a query, and counts only while the process hears of changes
(`broadcast`). With Redis gone or hung the rows are read.
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
MOST_HOSTS = 20_000
# Of a name in the DNS: a longer one comes from somebody who tries what we keep.
MOST_LENGTH = 253

_hosts_of: SharedCache[Hosts] = SharedCache(TOPIC, seconds=settings.DOMAIN_CACHE_SECONDS)
# Which workspace a host named when last seen: a hint, for the workspace's own entry says which hosts it has.
_hints: dict[str, str] = {}


def find(host: str) -> TenantRef | None:
    """The workspace at a host name (lower case, no port); None where there is none."""
    if len(host) > MOST_LENGTH:
        return None
    if shared_cache.changed_here(TOPIC):
        return _rows_at(host).get(host)
    return known_here(host) or _find_further(host)


def known_here(host: str) -> TenantRef | None:
    """The workspace at a host, if this process knows it: no round trip, no query."""
    hosts = _hosts_of.peek(_hints.get(host, ""))
    return hosts.get(host) if hosts else None


def place_of(host: str) -> str:
    """The id of the workspace last seen at a host, from this process's memory; "unknown" where none was.

    A hint for fairness between workspaces, never for whose data a request may touch.
    """
    return _hints.get(host, "unknown")


def _find_further(host: str) -> TenantRef | None:
    mark = _hosts_of.mark()
    hosts = _of_redis(host)
    if not hosts:
        return None
    _keep_hint(host, str(hosts[host].id))
    _hosts_of.put(str(hosts[host].id), hosts, mark)
    return hosts[host]


def _of_redis(host: str) -> Hosts:
    try:
        hosts, epoch = host_store.read(host)
    except RedisAway:
        return _rows_at(host)
    if hosts is None:
        hosts = _rows_at(host)
        with suppress(RedisAway):
            host_store.fill(host, hosts, epoch)
    return hosts


def _keep_hint(host: str, tenant_id: str) -> None:
    if len(_hints) >= MOST_HOSTS:
        _hints.clear()
    _hints[host] = tenant_id


def _rows_at(host: str) -> Hosts:
    """All hosts of the workspace at one; in one statement, so that hosts and version are of one moment."""
    with public_context():
        rows = Domain.objects.select_related("tenant").filter(tenant__domains__domain=host)
        return {row.domain: row.tenant.ref(row.domain) for row in rows}


def _rows_of(tenant_id: UUID) -> tuple[int | None, Hosts]:
    """The version (None: no such workspace) and all hosts."""
    with public_context():
        version = Tenant.objects.filter(pk=tenant_id).values_list("version", flat=True).first()
        rows = Domain.objects.select_related("tenant").filter(tenant_id=tenant_id)
        hosts = {row.domain: row.tenant.ref(row.domain) for row in rows}
    return next((ref.version for ref in hosts.values()), version), hosts


def forget(tenant_id: UUID) -> None:
    """A workspace's row, or one of its domains', was written: to be called in that transaction, right after.

    When it commits the new picture goes to Redis and every process is told. A host that moves between workspaces
    is a change of both.
    """
    _hosts_of.drop(str(tenant_id))
    shared_cache.after_commit(TOPIC, lambda: _tell(tenant_id))


def forget_all() -> None:
    """The rows of many workspaces were written (by the fleet's migrations): one message for all."""
    _hosts_of.drop()
    shared_cache.after_commit(TOPIC, _tell_all)


def _tell(tenant_id: UUID) -> None:
    version, hosts = _rows_of(tenant_id)
    _hosts_of.drop(str(tenant_id))
    try:
        host_store.change(tenant_id, version, hosts)
    except RedisAway:
        log.warning("a change of a workspace is not in Redis: tenant=%s", tenant_id)
    broadcast.publish(TOPIC, str(tenant_id))


def _tell_all() -> None:
    _hosts_of.drop()
    try:
        host_store.new_epoch()
    except RedisAway:
        log.warning("a change of many workspaces is not in Redis")
    broadcast.publish(TOPIC)


# A change made while Redis was away never came there, and what it held before may still be in it.
broadcast.when_back(host_store.new_epoch)
