"""Reads of workspaces, domains and addresses."""

from collections.abc import Iterator
from uuid import UUID

from django.conf import settings

from tenants import host_cache
from tenants.context import TenantRef, public_context
from tenants.models import Domain, Tenant


def tenant_for_host(host: str) -> TenantRef | None:
    """The workspace at a host name (lower case, no port), or None. Cached.

    A change is visible within a second in every process. While Redis is down the rows are read.
    """
    return host_cache.find(host)


def forget_hosts(tenant_id: UUID) -> None:
    """Invalidate the cached hosts of a workspace in every process when the transaction commits.

    Call it in the transaction that wrote the workspace's row or domains, once for each workspace.
    """
    host_cache.forget(tenant_id)


def forget_all_hosts() -> None:
    """As `forget_hosts` for all workspaces, with one message."""
    host_cache.forget_all()


def tenant_ref(tenant_id: UUID) -> TenantRef:
    """A workspace by its id, read from the database. Raises `Tenant.DoesNotExist`."""
    with public_context():
        return ref_of(Tenant.objects.get(pk=tenant_id))


def logo_of(tenant_id: UUID) -> str:
    """The storage path of a workspace's logo, read from the database; "" if it has none."""
    with public_context():
        return Tenant.objects.filter(pk=tenant_id).values_list("logo", flat=True).first() or ""


def ref_of(tenant: Tenant) -> TenantRef:
    """The snapshot of a workspace's row, with its primary domain."""
    return tenant.ref(primary_domain(tenant))


def primary_domain(tenant: Tenant) -> str:
    """The host name used in a workspace's links."""
    return Domain.objects.filter(tenant=tenant, is_primary=True).values_list("domain", flat=True).first() or ""


def tenants_all() -> Iterator[Tenant]:
    """All workspaces, oldest first, with their primary domain in `primary_host`."""
    from django.db.models import OuterRef, Subquery

    hosts = Domain.objects.filter(tenant=OuterRef("pk"), is_primary=True).values("domain")[:1]
    rows: Iterator[Tenant] = Tenant.objects.annotate(primary_host=Subquery(hosts)).order_by("created_at").iterator()
    return rows


def tenant_url(domain: str, path: str = "/") -> str:
    """The absolute address of a path in the workspace at `domain`."""
    return f"{settings.BASE_SCHEME}://{domain}{settings.BASE_PORT}{path}"


def public_url(path: str) -> str:
    """The absolute address of a path of the operator's public site."""
    return tenant_url(settings.BASE_HOST, path)
